"""An image's root filesystem as Python's tarfile sees it: a witness that shares no line with Peel.

    union.py ARCHIVE [INDEX]      the image at INDEX of manifest.json (or index.json), its layers united
    union.py --rootfs TAR         a root filesystem tar, such as docker export writes

Prints {"config": {...}, "layers": [...], "entries": {path: {...}}}. Names of one hard-linked file share "names".
Rules: markers act on lower layers only; a directory over a directory merges; anything else replaces what was there
with all below it; of a path listed twice the last counts.
"""
import gzip, hashlib, io, json, subprocess, sys, tarfile

TYPES = {b'0': 'file', b'\0': 'file', b'7': 'file', b'1': 'hardlink', b'2': 'symlink', b'3': 'char', b'4': 'block',
         b'5': 'directory', b'6': 'fifo', b'S': 'file'}


def clean(name):
    return '/'.join(part for part in name.split('/') if part not in ('', '.'))


def plain(data):
    if data[:2] == b'\x1f\x8b':
        return gzip.decompress(data)
    if data[:4] == b'\x28\xb5\x2f\xfd':
        return subprocess.run(['zstd', '-dc'], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


def drop(tree, path, itself=True):
    for below in [p for p in tree if p.startswith(path + '/') or not path]:
        del tree[below]
    if itself:
        tree.pop(path, None)


def lay(tree, data):
    with tarfile.open(fileobj=io.BytesIO(data), mode='r:', errors='surrogateescape') as tar:
        members = [(clean(m.name), m) for m in tar]
        for path, _ in members:
            folder, _, name = path.rpartition('/')
            if name == '.wh..wh..opq':
                drop(tree, folder, itself=False)
            elif name.startswith('.wh.') and not name.startswith('.wh..wh.'):
                drop(tree, clean(folder + '/' + name[4:]))
        for path, m in members:
            name = path.rpartition('/')[2]
            if name.startswith('.wh.') or not path:
                continue
            parts = path.split('/')
            for depth in range(1, len(parts)):
                parent = '/'.join(parts[:depth])
                if parent not in tree:
                    tree[parent] = {'type': 'directory', 'missing': True}
            kind = TYPES.get(m.type, 'other')
            if kind == 'hardlink':
                inode = tree.get(clean(m.linkname))
                if inode is None:
                    inode = {'type': 'hardlink', 'link': m.linkname}
                drop(tree, path)
                tree[path] = inode
                continue
            inode = {'type': kind, 'mode': m.mode & 0o7777, 'uid': m.uid, 'gid': m.gid, 'mtime': int(m.mtime)}
            if kind == 'file':
                body = tar.extractfile(m).read()
                inode['size'] = len(body)
                inode['sha256'] = hashlib.sha256(body).hexdigest()
            if kind == 'symlink':
                inode['link'] = m.linkname
            if kind in ('char', 'block'):
                inode['device'] = '%d,%d' % (m.devmajor, m.devminor)
            xattrs = {k[len('SCHILY.xattr.'):]: v.encode('utf-8', 'surrogateescape').hex()
                      for k, v in m.pax_headers.items() if k.startswith('SCHILY.xattr.')}
            if xattrs:
                inode['xattrs'] = xattrs
            if not (kind == 'directory' and tree.get(path, {}).get('type') == 'directory'):
                drop(tree, path)
            tree[path] = inode


def printed(tree):
    names = {}
    for path, inode in tree.items():
        names.setdefault(id(inode), []).append(path)
    out = {}
    for path, inode in tree.items():
        same = sorted(names[id(inode)])
        out[path] = dict(inode, names=same) if len(same) > 1 else inode
    return {path.encode('utf-8', 'surrogateescape').decode('utf-8', 'backslashreplace'): v for path, v in out.items()}


def main(args):
    tree = {}
    if args[0] == '--rootfs':
        with open(args[1], 'rb') as file:
            lay(tree, plain(file.read()))
        return {'entries': printed(tree)}
    with tarfile.open(args[0], errors='surrogateescape') as outer:
        members = {clean(m.name): m for m in outer}

        def read(path):
            return outer.extractfile(members[clean(path)]).read()

        def blob(digest):
            return read('blobs/' + digest.replace(':', '/'))

        which = int(args[1]) if len(args) > 1 else 0
        if 'manifest.json' in members:
            image = json.loads(read('manifest.json'))[which]
            config, layers, tags = read(image['Config']), [read(p) for p in image['Layers']], image.get('RepoTags') or []
        else:
            descriptor = json.loads(read('index.json'))['manifests'][which]
            while 'index' in descriptor['mediaType'] or 'list' in descriptor['mediaType']:
                descriptor = json.loads(blob(descriptor['digest']))['manifests'][0]
            manifest = json.loads(blob(descriptor['digest']))
            config, layers = blob(manifest['config']['digest']), [blob(l['digest']) for l in manifest['layers']]
            tags = list(filter(None, [descriptor.get('annotations', {}).get('org.opencontainers.image.ref.name')]))
    diff_ids = []
    for stored in layers:
        data = plain(stored)
        diff_ids.append('sha256:' + hashlib.sha256(data).hexdigest())
        lay(tree, data)
    return {'id': 'sha256:' + hashlib.sha256(config).hexdigest(), 'tags': tags, 'config': json.loads(config),
            'layers': diff_ids, 'entries': printed(tree)}


json.dump(main(sys.argv[1:]), sys.stdout)
