/** What to type into a terminal with a file that was exported. */
import type { ConfigView, Format } from '../../workers/api'
import { shellWord } from './fields'

export interface LoadLine {
  readonly command: string
  /** "" where the command says it all. */
  readonly words: string
}

export interface Saved {
  readonly format: Format
  readonly file: string
  /** "" where the image has no name. */
  readonly tag: string
  readonly imageId: string
  readonly config: ConfigView | null
}

export function loadLines({ format, file: path, tag, imageId, config }: Saved): LoadLine[] {
  const file = shellWord(path)
  /** Without a name, an image is run by its ID. */
  const name = shellWord(tag === '' ? imageId.replace(/^sha256:/, '').slice(0, 12) : tag)
  const line = (command: string, words = ''): LoadLine => ({ command, words })
  switch (format) {
    case 'docker':
      return [
        line(`docker load -i ${file}`),
        line(`docker run --rm -it ${name}`),
        line(`podman load -i ${file}`, 'With podman:'),
      ]
    case 'oci':
      return [
        line(`podman load -i ${file}`),
        ...(tag === ''
          ? []
          : [line(`skopeo copy oci-archive:${file} docker-daemon:${name}`, 'Into docker:')]),
        line(`ctr images import ${file}`, 'Into containerd:'),
        line(`docker load -i ${file}`, 'Docker takes it where it keeps images in containerd:'),
      ]
    case 'rootfs':
      return [
        line(
          ['docker import', ...changes(config), file, tag === '' ? 'imported' : name].join(' '),
          'A root filesystem carries no config; these are the fields that docker import can set:',
        ),
        line(`wsl --import ${wslName(tag)} ${wslName(tag)} ${file}`, 'As a WSL distribution:'),
        line(`mkdir rootfs && tar -xf ${file} -C rootfs`, 'As files, best as root so that owners stay:'),
      ]
    case 'context':
      return [
        line(`docker build -t ${tag === '' ? 'rebuilt' : name} - < ${file}`),
        line(`mkdir context && tar -xf ${file} -C context`, 'To keep it beside your sources:'),
      ]
    case 'unpacked':
      return [line(`mkdir image && tar -xf ${file} -C image`), line('tar -tvf image/LAYER_0.tar')]
    case 'zip':
      return [line(`unzip ${file} -d image`), line('tar -tvf image/LAYER_0.tar')]
    case 'delta':
      return [
        line(`docker load -i ${file}`, 'Where the base is loaded, in docker’s classic store:'),
        line(`docker run --rm -it ${name}`),
      ]
  }
}

/** Instructions that `docker import --change` takes. */
function changes(config: ConfigView | null): string[] {
  if (!config) return []
  const lines = [
    ...(config.Env ?? []).map((pair) => `ENV ${pair}`),
    ...(config.WorkingDir ? [`WORKDIR ${config.WorkingDir}`] : []),
    ...(config.User ? [`USER ${config.User}`] : []),
    ...(config.Entrypoint?.length ? [`ENTRYPOINT ${JSON.stringify(config.Entrypoint)}`] : []),
    ...(config.Cmd?.length ? [`CMD ${JSON.stringify(config.Cmd)}`] : []),
  ]
  return lines.map((line) => `--change ${shellWord(line)}`)
}

function wslName(tag: string): string {
  return tag.replace(/^.*\//, '').replaceAll(/[^\w.-]+/g, '-') || 'imported'
}
