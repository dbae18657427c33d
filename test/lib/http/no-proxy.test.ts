import assert from 'node:assert/strict'
import { bypassesProxy } from '../../../lib/http/no-proxy.ts'

const bypasses = (url: string, ...entries: string[]): boolean => bypassesProxy(new URL(url), entries)

describe('Proxy exceptions', () => {
  it('match a host exactly, whatever its case', () => {
    assert.ok(bypasses('https://api.example.com/', ' API.example.com '))
    assert.ok(!bypasses('https://x.api.example.com/', 'api.example.com'))
  })

  it('match a suffix after a dot or a star', () => {
    assert.ok(bypasses('https://api.example.com/', '.example.com'))
    assert.ok(bypasses('https://api.example.com/', '*.example.com'))
    assert.ok(!bypasses('https://badexample.com/', '.example.com'))
    assert.ok(bypasses('https://anything.test/', '*'))
  })

  it('match a port only where one is given', () => {
    assert.ok(bypasses('https://api.example.com/', 'api.example.com:443'))
    assert.ok(!bypasses('https://api.example.com:8443/', 'api.example.com:443'))
    assert.ok(bypasses('http://api.example.com/', 'api.example.com:80'))
  })

  it('hold for loopback hosts without being asked', () => {
    for (const host of ['127.0.0.1', 'localhost', '[::1]', 'a.localhost'])
      assert.ok(bypasses(`http://${host}:1/`), host)
    assert.ok(!bypasses('http://127.0.0.1.example.com/'))
  })

  it('hold for nobody when the list is empty or has empty entries', () => {
    assert.ok(!bypasses('https://api.example.com/', '', ' '))
  })
})
