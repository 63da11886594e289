#!/usr/bin/env node
/** The `ferry` command line; `ferry --help` tells everything. */
import { enableCompileCache } from 'node:module'

// Half of the start-up time is compiling; the cache has to be on before the first import.
enableCompileCache()
await import('./ferry/main.ts')
