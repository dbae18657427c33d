/** How a contact reaches the contact center, as `interaction.channel` says it. */
export const CHANNELS = ['phone', 'voicemail', 'chat', 'email', 'sms', 'whatsapp', 'workitem'] as const

/** One of {@link CHANNELS}. */
export type Channel = (typeof CHANNELS)[number]

/** `interaction.type` of each channel. */
export const INTERACTION_TYPES: Readonly<Record<Channel, string>> = {
  phone: 'voice',
  voicemail: 'voicemail',
  chat: 'chat',
  email: 'email',
  sms: 'digital',
  whatsapp: 'digital',
  workitem: 'workitem',
}
