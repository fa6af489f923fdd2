// What the page of a plan takes: `node scripts/planPage.mjs RPC_URL PLAN` loads it with the app's own code, as the
// browser does, and prints how often the endpoint was called, how many bytes it answered and how long that took.
import { createServer } from 'vite';

const [rpcUrl, plan] = process.argv.slice(2);
const calls = {};
let bytes = 0;
const send = globalThis.fetch;
globalThis.fetch = async (url, options) => {
  const { method } = JSON.parse(options.body);
  calls[method] = (calls[method] ?? 0) + 1;
  const answer = await send(url, options);
  bytes += Number(answer.headers.get('content-length'));
  return answer;
};

const server = await createServer({
  root: new URL('..', import.meta.url).pathname,
  configFile: false,
  logLevel: 'error',
  appType: 'custom',
  server: { middlewareMode: true, hmr: false, watch: null },
  optimizeDeps: { noDiscovery: true },
});
const { rpcChain } = await server.ssrLoadModule('/src/chain/rpcChain.ts');
const { planSource } = await server.ssrLoadModule('/src/state/planData.ts');
const source = planSource(rpcChain({ rpcUrl, wsUrl: rpcUrl.replace('http', 'ws') }), plan);

const [begun, worked] = [performance.now(), process.cpuUsage()];
const data = await source.load();
const seconds = (performance.now() - begun) / 1_000;
const { user, system } = process.cpuUsage(worked);
const loading = { ...calls };
const isCurrent = await source.isCurrent(data);
await server.close();
const counted = (each) => Object.values(each).reduce((sum, count) => sum + count, 0);
const result = {
  grants: data.grants.size,
  evaluations: data.evaluations.size,
  seconds,
  cpu: (user + system) / 1e6,
  calls: counted(loading),
  checks: counted(calls) - counted(loading),
  bytes,
  isCurrent,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
