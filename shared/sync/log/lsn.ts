/** Positions in a server's log: `16/B374D848` as text, a number of bytes as a value. */

export function parseLsn(text: string): bigint {
  const [high = '', low = ''] = text.split('/')
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`)
}

export function lsnText(lsn: bigint): string {
  const part = (value: bigint) => value.toString(16).toUpperCase()
  return `${part(lsn >> 32n)}/${part(lsn & 0xffff_ffffn)}`
}
