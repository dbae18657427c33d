/** Whether a text is the name of a secret in a vault (`VAULT_DB_PASSWORD`), and not the secret itself. */
export const isVaultReference = (text: string): boolean => /^[A-Z][A-Z0-9_]*$/.test(text)
