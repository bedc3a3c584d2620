/**
 * Import before lightning-fs: its text encoder looks for `window` or `global`, and a module worker has neither, so
 * that the import itself would fail.
 */
Object.assign(globalThis, { global: globalThis })
