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

/** Where events come from: the sample, what a tester wrote, or the input schema of the data action. */
export const SOURCES = ['sample', 'template', 'schema'] as const

/** One of {@link SOURCES}. */
export type Source = (typeof SOURCES)[number]

const LONGEST_SEED = 256

/** Why a text is no seed; undefined where it is one. */
export const whyNoSeed = (text: string): string | undefined =>
  text.length > LONGEST_SEED ? `expected at most ${LONGEST_SEED} characters, got ${text.length}` : undefined
