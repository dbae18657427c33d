import type { Credentials } from '../auth/endpoints.ts'
import { createHttpClient } from '../http/client.ts'
import type { ConnectionOptions } from '../http/connections.ts'
import type { Clock, Random } from '../ports.ts'
import { createCxoneAccess, type AccessSettings, type ManagedAccess } from './create-access.ts'

/** What {@link openCxoneAccess} needs. */
export interface OpenOptions {
  readonly settings: AccessSettings
  readonly credentials: Credentials
  readonly transport: Pick<ConnectionOptions, 'tls' | 'proxy'>
  readonly clock: Clock
  readonly random: Random
}

/**
 * Makes an access together with what it stands on: its own connections and, for the profile `sandbox`, a share in the
 * process's sandbox. `close` frees all of it.
 *
 * @throws `CONFIG_INVALID` as {@link createCxoneAccess}, or when the sandbox cannot start.
 */
export async function openCxoneAccess(
  options: OpenOptions,
): Promise<{ readonly access: ManagedAccess; close(): Promise<void> }> {
  const { settings, credentials, transport, clock, random } = options
  const lease = settings.profile === 'sandbox' ? await leaseSandbox() : undefined
  const http = createHttpClient({ clock, ...transport })
  const close = async (): Promise<void> => {
    await Promise.all([http.close(), lease?.release()])
  }
  try {
    const sandbox = lease ? { sandbox: lease.sandbox.info } : {}
    const isVerified = transport.tls?.['rejectUnauthorized'] !== false
    const ports = { send: http.send, clock, random, isVerified }
    const access = createCxoneAccess({ settings, credentials, ...ports, ...sandbox })
    return {
      access,
      close: async () => {
        access.close()
        await close()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

const leaseSandbox = async () => (await import('../sandbox/shared.ts')).acquireSandbox()
