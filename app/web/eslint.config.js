import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import a11y from 'eslint-plugin-jsx-a11y';
import hooks from 'eslint-plugin-react-hooks';
import { defineConfig, globalIgnores } from 'eslint/config';
import typescript from 'typescript-eslint';

/**
 * The folders of src from the ground up: each may import those on lower floors, and neither its neighbours nor what is
 * above. The README says what they hold.
 */
const FLOORS = [
  ['generated'],
  ['core'],
  ['text'],
  ['domain'],
  ['chain'],
  ['model', 'wallet'],
  ['state'],
  ['context'],
  ['ui', 'charts'],
  ['screens'],
  ['app'],
];

const src = join(import.meta.dirname, 'src');
const folders = readdirSync(src, { withFileTypes: true }).filter((entry) => entry.isDirectory());
const homeless = folders.find(({ name }) => !FLOORS.flat().includes(name));
if (homeless !== undefined) throw new Error(`src/${homeless.name} has no floor in eslint.config.js`);

const zones = FLOORS.flatMap((layers, floor) =>
  layers.map((layer) => {
    const others = FLOORS.slice(floor)
      .flat()
      .filter((other) => other !== layer);
    return {
      target: join(src, layer),
      from: [...others, 'main.tsx', '../test', '../e2e'].map((path) => join(src, path)),
      message: `src/${layer} may import ${FLOORS.slice(0, floor).flat().join(', ')} only.`,
    };
  }),
);

export default defineConfig([
  globalIgnores(['dist', 'src/generated']),
  {
    files: ['**/*.{ts,tsx}'],
    extends: [typescript.configs.recommendedTypeChecked, a11y.flatConfigs.recommended, hooks.configs.flat.recommended],
    plugins: { 'import-x': importX },
    settings: {
      'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.tsx'] })],
      // Modules of other extensions are not read, and rings of them not seen.
      'import-x/extensions': ['.ts', '.tsx'],
    },
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'import-x/no-restricted-paths': ['error', { zones }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
    },
  },
]);
