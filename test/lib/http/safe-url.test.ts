import assert from 'node:assert/strict'
import { isLoopbackHost, safeUrl } from '../../../lib/http/safe-url.ts'

describe('Safe URL', () => {
  it('has no user info, query or fragment', () => {
    assert.equal(safeUrl('https://u:p@Host.example:8443/a/b?key=1#x'), 'https://host.example:8443/a/b')
    assert.equal(safeUrl('not a url?key=1'), '(no URL)')
  })

  it('knows the hosts of this machine', () => {
    for (const host of ['localhost', 'LOCALHOST', 'a.localhost', '127.0.0.1', '127.9.8.7', '[::1]'])
      assert.ok(isLoopbackHost(host), host)
    for (const host of [
      'localhost.example.com',
      '127.0.0.1.example.com',
      '10.0.0.1',
      '[::2]',
      '1270.0.0.1',
      '',
    ])
      assert.ok(!isLoopbackHost(host), host)
  })
})
