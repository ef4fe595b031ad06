import { describe, expect, it } from 'vitest'
import type { AccessGrant } from '../../../src/store/copy-calls.ts'
import { sayAcl } from '../../../src/transfer/copy-acl.ts'

const GLOBAL = 'http://acs.amazonaws.com/groups/global/'
const LOGS = 'http://acs.amazonaws.com/groups/s3/LogDelivery'

function user(name: string, permission: string): AccessGrant {
  return { permission, grantee: { kind: 'user', name } }
}

function group(name: string, permission: string): AccessGrant {
  return { permission, grantee: { kind: 'group', name: name === LOGS ? name : GLOBAL + name } }
}

const OWN = user('me', 'FULL_CONTROL')

describe('an ACL', () => {
  it.each([
    ['nothing at all', []],
    ['the owner’s', [OWN]],
    ['the owner’s, and what only buckets know', [OWN, group('AllUsers', 'WRITE')]],
  ])('that is %s is not said', (_, grants) => {
    for (const isOneIdentity of [true, false]) {
      expect(sayAcl({ ownerId: 'me', grants }, isOneIdentity)).toEqual({ attributes: {}, lost: 0 })
    }
  })

  it.each([
    ['public-read', [group('AllUsers', 'READ')]],
    ['public-read', [group('AllUsers', 'READ'), group('AllUsers', 'WRITE')]],
    ['public-read', [group('AuthenticatedUsers', 'READ'), group('AllUsers', 'READ')]],
    ['authenticated-read', [group('AuthenticatedUsers', 'READ')]],
  ])('is said as %s, so that the copy’s owner has all of it', (acl, grants) => {
    for (const isOneIdentity of [true, false]) {
      const said = sayAcl({ ownerId: 'me', grants: [OWN, ...grants] }, isOneIdentity)
      expect(said).toEqual({ attributes: { acl }, lost: 0 })
    }
  })

  it('is said grant by grant to one identity', () => {
    const grants = [
      OWN,
      user('you', 'READ'),
      group('AllUsers', 'READ'),
      group(LOGS, 'READ_ACP'),
      user('you', 'WRITE_ACP'),
      { permission: 'READ', grantee: { kind: 'email', name: 'a@b.example' } } as const,
    ]
    expect(sayAcl({ ownerId: 'me', grants }, true)).toEqual({
      attributes: {
        grantFullControl: 'id="me"',
        grantRead: `id="you", uri="${GLOBAL}AllUsers", emailAddress="a@b.example"`,
        grantReadAcp: `uri="${LOGS}"`,
        grantWriteAcp: 'id="you"',
      },
      lost: 0,
    })
  })

  it.each([
    [2, undefined, [user('you', 'READ'), group('AllUsers', 'READ_ACP')]],
    [2, 'public-read', [user('you', 'READ'), group('AllUsers', 'READ'), group(LOGS, 'READ')]],
    [1, 'public-read', [group('AllUsers', 'FULL_CONTROL')]],
    [1, 'authenticated-read', [group('AuthenticatedUsers', 'READ'), user('you', 'READ')]],
  ])('loses %i grants to another identity, and says %s', (lost, acl, grants) => {
    const said = sayAcl({ ownerId: 'me', grants: [OWN, ...grants] }, false)
    expect(said).toEqual({ attributes: acl === undefined ? {} : { acl }, lost })
  })
})
