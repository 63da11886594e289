/** Waiting and signalling: the two things by which a fault test may fool itself. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { type IsolateOwner, isAlive, kill, suspend, wake } from '../../support/process.ts'

describe('eventually', () => {
  it('repeats until the check holds, and returns what it returned', async () => {
    let looks = 0
    const value = await eventually(
      () => {
        looks += 1
        if (looks < 2) throw new Error('not yet')
        return looks < 4 ? false : 'there'
      },
      { every: 1 },
    )
    expect([value, looks]).toEqual(['there', 4])
  })
  it('gives up with what was waited for and the last reason', async () => {
    const never = eventually(() => Promise.reject(new Error('still 3 of 4')), {
      what: 'four batches',
      within: 20,
      every: 5,
    })
    await expect(never).rejects.toThrow('four batches: not within 20 ms; last: still 3 of 4')
  })
})

describe('signals to isolates', () => {
  const children: ReturnType<typeof spawn>[] = []
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
  })
  function ticking() {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => console.log(1), 5)'])
    children.push(child)
    const project: IsolateOwner = { isolates: () => [{ pid: child.pid!, function: 'ticker' }] }
    return { child, project, pid: child.pid! }
  }

  it('suspends, wakes and kills', async () => {
    const { child, project, pid } = ticking()
    await once(child.stdout!, 'data')
    suspend(project, pid)
    const drained = new Promise((resolve) => setTimeout(resolve, 50))
    await drained
    let ticks = 0
    child.stdout!.on('data', () => {
      ticks += 1
    })
    await new Promise((resolve) => setTimeout(resolve, 80))
    expect([isAlive(pid), ticks]).toEqual([true, 0])
    expect(wake(pid)).toBe(true)
    await eventually(() => ticks > 0)
    kill(project, pid)
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL'])
    expect(isAlive(pid)).toBe(false)
  })

  it('refuses a process that is no isolate, and does not wake what it did not suspend', async () => {
    const { child, pid } = ticking()
    const other: IsolateOwner = { isolates: () => [] }
    expect(() => kill(other, pid)).toThrow('no isolate')
    expect(() => suspend(other, pid)).toThrow('no isolate')
    expect(() => wake(pid)).toThrow('not suspended')
    expect(child.exitCode).toBeNull()
    expect(isAlive(pid)).toBe(true)
  })

  it('notices that a suspended process is gone', async () => {
    const { child, project, pid } = ticking()
    suspend(project, pid)
    kill(project, pid)
    await once(child, 'exit')
    expect(wake(pid)).toBe(false)
  })
})
