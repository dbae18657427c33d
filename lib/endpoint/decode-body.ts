import { isUtf8 } from 'node:buffer'
import { promisify } from 'node:util'
import { inputError, PaletteError, show } from '../errors.ts'
import { headerOf, type IncomingRequest } from './http.ts'
import { bodyTooLarge } from './read-body.ts'

/**
 * The text of a body. Compressed ones are decompressed, up to `maxBytes`.
 *
 * @throws `ENDPOINT_UNSUPPORTED`, `ENDPOINT_TOO_LARGE`; `INPUT_INVALID` for bytes that are no UTF-8.
 */
export async function decodeBody(
  raw: Buffer,
  request: Pick<IncomingRequest, 'headers'>,
  maxBytes: number,
): Promise<string> {
  checkCharset(headerOf(request, 'content-type'))
  const encoding = headerOf(request, 'content-encoding')
  const plain = encoding === undefined ? raw : await decompress(raw, encoding.trim().toLowerCase(), maxBytes)
  if (!isUtf8(plain)) throw inputError('body', 'Expected a body in UTF-8, got bytes that are none')
  const text = plain.toString()
  return text.startsWith('\ufeff') ? text.slice(1) : text
}

const CHARSETS = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii'])

function checkCharset(contentType: string | undefined): void {
  const charset = contentType && /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(contentType)?.[1]
  if (charset === undefined || charset === '' || CHARSETS.has(charset.toLowerCase())) return
  throw unsupported('content-type', `Expected a body in UTF-8, got the character set ${show(charset)}`)
}

type Decompress = (
  raw: Buffer,
  options: { readonly maxOutputLength: number },
  done: (error: Error | null, plain: Buffer) => void,
) => void

async function decompress(raw: Buffer, encoding: string, maxBytes: number): Promise<Buffer> {
  if (encoding === 'identity' || encoding === '') return raw
  const { brotliDecompress, gunzip, inflate } = await import('node:zlib')
  const methods: Readonly<Record<string, Decompress>> = {
    gzip: gunzip,
    'x-gzip': gunzip,
    deflate: inflate,
    br: brotliDecompress,
  }
  const method = Object.hasOwn(methods, encoding) ? methods[encoding] : undefined
  if (!method)
    throw unsupported(
      'content-encoding',
      `Expected a body that is plain or compressed with gzip, deflate or br, got the encoding ${show(encoding)}`,
    )
  try {
    // The limit holds while it is decompressed: a small body may unfold to gigabytes.
    return await promisify(method)(raw, { maxOutputLength: maxBytes })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw bodyTooLarge(maxBytes)
    throw inputError('body', `Expected a body compressed with ${encoding}, got one that cannot be read`)
  }
}

const unsupported = (header: string, message: string): PaletteError =>
  new PaletteError('ENDPOINT_UNSUPPORTED', message, { details: { path: `headers.${header}` } })
