/** Images that have a name: for "Try a sample image", for hand tests (npm run -s sample -- NAME), for tests. */

export interface Sample {
  readonly name: string
  readonly about: string
  readonly drawing: string
}

/** The one the page offers: a small web service, with what people come to look for: waste, a secret, links, modes. */
const demo = `
image peel/sample:1.0
  config {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin", "PORT=8080", "APP_ENV=production"]}
  config {"Entrypoint": ["/usr/local/bin/serve"], "Cmd": ["--config", "/etc/serve/serve.conf"]}
  config {"WorkingDir": "/srv", "User": "1000:1000", "ExposedPorts": {"8080/tcp": {}}, "Volumes": {"/srv/data": {}}}
  config {"Labels": {"org.opencontainers.image.title": "Peel sample", "org.opencontainers.image.version": "1.0"}}
layer ADD rootfs.tar.gz / # buildkit
  d bin/
  f 755  bin/busybox  180000 bytes
  s      bin/sh -> busybox
  s      bin/ls -> busybox
  h      bin/cat => bin/busybox
  f 4755 bin/su 24000 bytes
  d dev/
  c 666  dev/null 1,3
  c 666  dev/zero 1,5
  d etc/
  f etc/os-release "NAME=\\"Sample Linux\\"\\nID=sample\\nVERSION_ID=1.0\\nPRETTY_NAME=\\"Sample Linux v1.0\\"\\n"
  f etc/passwd "root:x:0:0:root:/root:/bin/sh\\nserve:x:1000:1000::/srv:/bin/sh\\n"
  f 640 0:42 etc/shadow "root:*::0:::::\\nserve:!::0:::::\\n"
  f etc/motd "Welcome. This image was drawn, not built.\\n"
  d 700  root/
  d 1777 tmp/
  d usr/
  d usr/bin/
  d usr/lib/
  f usr/lib/libsample.so.1 64000 bytes
  s usr/lib/libsample.so -> libsample.so.1
  d usr/local/
  d usr/local/bin/
  d var/
  d var/cache/
  d var/log/
layer RUN /bin/sh -c apk add --no-cache build-base && make -C /src install # buildkit
  d usr/
  d usr/local/
  d usr/local/bin/
  f 755 usr/local/bin/serve 96000 bytes
  d src/
  f src/Makefile "install: serve\\n\\tinstall serve /usr/local/bin\\n"
  f src/serve.c "#include <stdio.h>\\nint main(void) { puts(\\"serving\\"); }\\n"
  d var/
  d var/cache/
  d var/cache/apk/
  f var/cache/apk/APKINDEX.tar.gz 400000 bytes
  d root/
  f 600 root/.netrc "machine example.org login builder password not-a-real-secret\\n"
step ENV PORT=8080 APP_ENV=production
layer COPY conf /etc/serve # buildkit
  d etc/
  d etc/serve/
  f etc/serve/serve.conf "listen 8080\\nroot /srv/www\\nlog /var/log/serve.log\\n"
  d 755 1000:1000 srv/
  d 755 1000:1000 srv/www/
  f 644 1000:1000 srv/www/index.html "<!doctype html>\\n<title>Sample</title>\\n<h1>It works</h1>\\n"
  d 755 1000:1000 srv/data/
  f 755 usr/local/bin/ping 20000 bytes xattr:security.capability="\\x01\\x00\\x00\\x02\\x00\\x20\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"
layer RUN /bin/sh -c rm -rf /var/cache/apk /root/.netrc && sed -i s/drawn/peeled/ /etc/motd # buildkit
  d var/
  d var/cache/
  w var/cache/apk
  d 700 root/
  w root/.netrc
  d etc/
  f etc/motd "Welcome. This image was peeled, not built.\\n"
step USER 1000:1000
step EXPOSE 8080
step ENTRYPOINT ["/usr/local/bin/serve"]
step CMD ["--config", "/etc/serve/serve.conf"]
`

export const samples: readonly Sample[] = [
  { name: 'demo', about: 'what "Try a sample image" opens', drawing: demo },
  {
    name: 'two-layers',
    about: 'a file changed and a file removed in the second layer',
    drawing: `
image two-layers:1
  config {"Cmd": ["/bin/sh"]}
layer COPY rootfs /
  d bin/
  f 755 bin/busybox 2000 bytes
  s bin/sh -> busybox
  d etc/
  f etc/motd "hello\\n"
  f etc/hosts "127.0.0.1 localhost\\n"
layer RUN rm /etc/motd && echo more >> /etc/hosts
  d etc/
  w etc/motd
  f etc/hosts "127.0.0.1 localhost\\nmore\\n"
step CMD ["/bin/sh"]`,
  },
  {
    name: 'whiteouts',
    about: 'a file, a directory and an opaque directory whited out; one comes back',
    drawing: `
image whiteouts:1
layer COPY . /
  d a/
  f a/gone "1"
  f a/back "1"
  d b/
  d b/deep/
  f b/deep/file "1"
  d c/
  f c/old "1"
layer RUN rm -r a/gone a/back b && replace c
  d a/
  w a/gone
  w a/back
  w b
  d c/
  o c/
  f c/new "2"
layer RUN echo 3 > a/back
  d a/
  f a/back "3"`,
  },
  {
    name: 'links',
    about: 'hard links and symbolic links, one of them to a directory',
    drawing: `
image links:1
layer COPY . /
  d usr/
  d usr/lib/
  f usr/lib/one "one"
  h usr/lib/two => usr/lib/one
  s lib -> usr/lib
  s usr/lib/dangling -> nowhere
layer RUN rm /usr/lib/one
  d usr/
  d usr/lib/
  w usr/lib/one`,
  },
  {
    name: 'odd-names',
    about: 'names with spaces, quotes, line ends, and bytes that are not UTF-8; a name beyond 100 bytes',
    drawing: `
image odd-names:1
layer COPY . /
  d "a dir/"
  f "a dir/two words" "x"
  f "a dir/line\\nend" "x"
  f "a dir/\\"quoted\\"" "x"
  f latin-\\xe9 "x"
  f grün "x"
  f ${'long/'.repeat(30)}name "x"`,
  },
  {
    name: 'two-images',
    about: 'two images that share their base layer',
    drawing: `
image pair/one:1
layer COPY base /
  f base "base"
layer COPY one /
  f one "1"
image pair/two:1
layer COPY base /
  f base "base"
layer COPY two /
  f two "2"`,
  },
  {
    name: 'devices',
    about: 'devices, a fifo, setuid and sticky bits, xattrs, odd owners and times',
    drawing: `
image devices:1
layer COPY . /
  d dev/
  c 666 0:0 dev/null 1,3
  b 660 0:6 dev/sda 8,0
  p 600 run
  f 4755 0:0 su "x"
  d 1777 tmp/
  f 644 70000:3000000 big-ids "x"
  f old "x" mtime=0
  f precise "x" mtime=1700000000.123456789
  f tagged "x" xattr:user.comment="hello" xattr:user.raw="\\x00\\xff"`,
  },
]

/** Throws where no sample has the name. */
export function sampleNamed(name: string): Sample {
  const sample = samples.find((one) => one.name === name)
  if (!sample)
    throw new Error(`There is no sample "${name}". There are: ${samples.map((one) => one.name).join(', ')}.`)
  return sample
}
