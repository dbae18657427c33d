import assert from 'node:assert/strict'
import fc from 'fast-check'
import { expandPath, queryString } from '../../../lib/cxone/path.ts'

const invalid = (path: string) => ({ code: 'INPUT_INVALID', details: { path } })

describe('Path of a call', () => {
  it('is filled with percent-encoded values', () => {
    assert.equal(
      expandPath('/api/v2/data-actions/{id}/execute', { id: 'a/b?c#d e' }),
      '/api/v2/data-actions/a%2Fb%3Fc%23d%20e/execute',
    )
    assert.equal(expandPath('users/{id}', { id: 'ü' }), '/users/%C3%BC')
    assert.equal(expandPath('/x?filter={f}', { f: 'a&b=c' }), '/x?filter=a%26b%3Dc')
  })

  it('never leads elsewhere by dots, however they are written', () => {
    for (const id of ['.', '..'])
      assert.throws(() => expandPath('/api/v2/data-actions/{id}', { id }), invalid('path'))
    for (const path of ['/a/../b', '/a/%2e%2e/b', '/a/.%2E/b', '/a/./b', '..', '/a/..'])
      assert.throws(() => expandPath(path), invalid('path'), path)
    assert.throws(() => expandPath('/{a}{b}/x', { a: '.', b: '.' }), invalid('path'))
    assert.equal(expandPath('/a/..b/c..d/...'), '/a/..b/c..d/...')
  })

  it('never leads to another host', () => {
    for (const path of [
      '//evil.example/x',
      'https://evil.example/x',
      '/\\evil.example',
      '\\\\evil.example',
      'http:x',
      '/a\tb',
      '/a b',
      '/a\n',
      '/a#b',
    ])
      assert.throws(() => expandPath(path), invalid('path'), path)
  })

  it('stays below the base for every id', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (id) => {
        let path: string
        try {
          path = expandPath('/api/v2/data-actions/{id}/execute', { id })
        } catch {
          return
        }
        const url = new URL(`https://api.example${path}`)
        assert.equal(url.origin, 'https://api.example')
        const segments = url.pathname.split('/')
        assert.deepEqual([segments.length, segments[3], segments[5]], [6, 'data-actions', 'execute'])
        assert.equal(decodeURIComponent(segments[4] ?? ''), id)
      }),
    )
  })

  it('needs every value, as text', () => {
    assert.throws(() => expandPath('/x/{id}'), invalid('params.id'))
    assert.throws(() => expandPath('/x/{id}', { id: '' }), invalid('params.id'))
    assert.throws(() => expandPath('/x/{id}', { id: {} as string }), invalid('params.id'))
    assert.throws(() => expandPath('/x/{constructor}', {}), invalid('params.constructor'))
    assert.throws(() => expandPath('/x/{id}', { id: '\ud800' }), invalid('params.id'))
    assert.equal(expandPath('/x/{id}', { id: 7 as unknown as string }), '/x/7')
  })
})

describe('Query of a call', () => {
  it('is encoded, repeats lists and leaves undefined out', () => {
    assert.equal(
      queryString({ a: 'x&y', b: [1, 2], c: true, d: undefined as unknown as string }),
      '?a=x%26y&b=1&b=2&c=true',
    )
    assert.equal(queryString({}), '')
    assert.equal(queryString(undefined), '')
  })

  it('holds no objects', () => {
    for (const value of [null, {}, [null], [[1]], Symbol.iterator])
      assert.throws(() => queryString({ a: value as unknown as string }), invalid('query.a'))
  })
})
