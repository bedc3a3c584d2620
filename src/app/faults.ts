/** Faults in words: what it means and what to do next. What happened is said by the fault itself. */
import type { Fault, FaultCode, Place } from '../core/fault/fault'

interface Explanation {
  readonly title: string
  readonly next: string
}

const saveAgain = 'Make the archive again with `docker save IMAGE -o image.tar` and open that.'
const damaged = `The bytes are damaged or cut off. ${saveAgain}`
const reopen = 'Open the file again; your edits are kept in this browser.'

const explanations: Partial<Record<FaultCode, Explanation>> = {
  truncated: {
    title: 'The archive ends too early',
    next: `It was probably not copied to its end. ${saveAgain}`,
  },
  'bad-header': { title: 'A tar header is damaged', next: damaged },
  'bad-pax': { title: 'An extended tar header is damaged', next: damaged },
  'bad-sparse': { title: 'A sparse file is damaged', next: damaged },
  'bad-number': { title: 'A tar header holds an impossible number', next: damaged },
  'bad-gzip': { title: 'A gzip stream is damaged', next: damaged },
  'bad-gzip-end': { title: 'A gzip stream is damaged', next: damaged },
  'bad-zstd': { title: 'A zstd stream is damaged', next: damaged },
  'unsupported-compression': {
    title: 'A compression that this page does not read',
    next: 'Unpack it first, with xz -d, bunzip2 or unlz4, and open the tar.',
  },
  encrypted: {
    title: 'An encrypted layer',
    next: 'Its files cannot be shown. Who has the key makes a plain archive with `skopeo copy --decryption-key`.',
  },
  'zstd-window': {
    title: 'A zstd stream that needs too much memory',
    next: 'Unpack it first with `zstd -d --long=31 FILE`, and open the tar.',
  },
  'bad-json': { title: 'A description in the archive cannot be read', next: saveAgain },
  'bad-digest': { title: 'A digest is not written as one', next: saveAgain },
  'bad-reference': {
    title: 'No engine takes this name',
    next: 'A tag is written as name:tag in lower case: alpine:3.20, ghcr.io/me/app:1.0.',
  },
  'not-an-archive': {
    title: 'Not a container image',
    next: 'Drop that tar here; an OCI layout, or a folder with either unpacked, opens too.',
  },
  'not-an-image': {
    title: 'A tar, but not of an image',
    next: 'An image archive is due. Make one with `docker save IMAGE -o image.tar`; `docker export` leaves the image’s description out.',
  },
  'missing-member': { title: 'The archive is incomplete', next: saveAgain },
  'layer-count': { title: 'Layers and their list do not match', next: saveAgain },
  'digest-mismatch': {
    title: 'The contents are not what their name says',
    next: `They were changed after the image was made, or damaged on the way. ${saveAgain}`,
  },
  'size-mismatch': { title: 'A part has another size than it should', next: damaged },
  'too-large': { title: 'Too large for this', next: 'Download the file to look at it with another tool.' },
  'link-loop': {
    title: 'A link that leads back to itself',
    next: 'It opens nowhere, in a container neither.',
  },
  'no-such-path': { title: 'No such file or directory', next: 'Look at it in the layer that has it.' },
  'not-a-directory': { title: 'Not a directory', next: 'Choose a directory.' },
  'not-a-file': { title: 'Not a file', next: 'Only files have contents to show.' },
  'is-a-directory': { title: 'A directory', next: 'Choose a file, or download the directory as a tar.' },
  'path-exists': { title: 'Something is there already', next: 'Choose another name, or delete it first.' },
  'bad-path': {
    title: 'Not a path that an image can hold',
    next: 'A path is absolute and has no empty, . or .. parts.',
  },
  'bad-operation': { title: 'This cannot be done to this image', next: 'Nothing was changed.' },
  'source-changed': { title: 'The file on disk is another one now', next: reopen },
  'storage-full': {
    title: 'No room left in this browser’s storage',
    next: 'Forget images you no longer need on the start screen. This one stays open as long as the page does.',
  },
  'storage-unavailable': {
    title: 'This browser keeps nothing',
    next: 'Private windows often do not. Export before you close the page.',
  },
  'held-elsewhere': {
    title: 'Open in another tab',
    next: 'Nothing was changed. Looking and exporting work here too.',
  },
  'not-kept': { title: 'This browser does not hold the whole image', next: reopen },
  cancelled: { title: 'Cancelled', next: 'Nothing was changed.' },
}

const bug: Explanation = {
  title: 'Peel made a mistake',
  next: 'Your edits are kept. Reload the page and go on; copy the details if you want to report it.',
}

export function explain(fault: Fault): Explanation {
  return explanations[fault.code] ?? bug
}

/** "layer 2 · /etc/passwd · byte 1,536 of blobs/sha256/…"; "" where no place is known. */
export function placeWords({ image, layer, path, member, at }: Place): string {
  const words: string[] = []
  if (image !== undefined) words.push(`image ${image + 1}`)
  if (layer !== undefined) words.push(`layer ${layer}`)
  if (path !== undefined) words.push(path)
  if (at !== undefined)
    words.push(`byte ${at.toLocaleString('en')}${member === undefined ? '' : ` of ${member}`}`)
  else if (member !== undefined) words.push(member)
  return words.join(' · ')
}

/** For a report: everything the fault says, nothing about the machine. */
export function detailsOf(fault: Fault, during: string): string {
  return JSON.stringify({ during, ...fault }, null, 2)
}
