{
  'includes': ['native/sources.gypi'],
  'variables': {
    # A published package has neither tests nor benchmarks. In a checkout, warnings are errors and the load generator is
    # built as well.
    'coriolis_checkout%': '<!(node -p "require(\'fs\').existsSync(\'test\')")',
    'coriolis_loadgen%': '<!(node -p "require(\'fs\').existsSync(\'bench/loadgen/loadgen.cc\')")',
  },
  'target_defaults': {
    'cflags': ['-O2', '-Wall', '-Wextra'],
    'cflags!': ['-Wno-unused-parameter'],
    'cflags_cc!': ['-std=gnu++17'],
    'cflags_cc': ['-std=c++17', '-fno-exceptions', '-fvisibility=hidden'],
    'conditions': [["coriolis_checkout=='true'", {'cflags': ['-Werror']}]],
  },
  'targets': [
    {
      'target_name': 'coriolis',
      'sources': ['<@(coriolis_sources)'],
      'defines': ['NAPI_VERSION=9', 'NAPI_DISABLE_CPP_EXCEPTIONS', 'NODE_ADDON_API_DISABLE_DEPRECATED',
                  # A Worker may be terminated in the middle of a call: then nothing can be thrown, and that is all right.
                  'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'],
      'ldflags': ['-Wl,--version-script=<(module_root_dir)/native/exports.map'],
      # As a system directory: its warnings are not ours.
      'cflags_cc': ['-isystem', '<!(node -p "require(\'node:path\').resolve(require(\'node-addon-api\').include_dir)")'],
    },
  ],
  'conditions': [
    ["coriolis_loadgen=='true'", {
      'targets': [
        {
          'target_name': 'coriolis_loadgen',
          'type': 'executable',
          'sources': ['<!@(node -p "require(\'fs\').readdirSync(\'bench/loadgen\').filter((name) => name.endsWith(\'.cc\')).map((name) => \'bench/loadgen/\' + name).join(\' \')")'],
        },
      ],
    }],
  ],
}
