/** What must hold of log capture, in words. */
export const propertyNames = {
  fence: 'no write of a superseded attempt lands',
  counted: 'a change is counted once',
  committed: 'the target has only what the source committed',
  forgotten: 'no change is forgotten',
  converges: 'a round makes the target equal',
} as const
