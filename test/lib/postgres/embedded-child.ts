// A process that uses the folder given as its argument until it is killed.
import { DEFAULTS, openEmbedded } from './drivers.ts'

const database = openEmbedded({ dataDir: process.argv[2] ?? '' })
await database.atomic([{ text: 'select 1' }], DEFAULTS)
console.log('open')
setInterval(() => undefined, 60_000)
