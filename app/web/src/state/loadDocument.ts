// Fetches what lies under a plan's `uri`, because somebody asked for it.
import { fetchDocument } from '../chain/documents';
import { Fault, asFault } from '../chain/fault';
import type { Plan } from '../domain/terms';
import { type LoadedDocument, MOST_BYTES, beside, checkDocument, documentUrl, readDocument } from '../model/document';
import { tell } from './documents';

/** Fetches the plan's document and the rubrics beside it. */
export async function loadDocument(plan: Plan, fetched = fetchDocument): Promise<void> {
  tell(plan, { status: 'loading' });
  try {
    tell(plan, { status: 'loaded', loaded: await load(plan, fetched) });
  } catch (error) {
    tell(plan, { status: 'failed', fault: asFault(error) });
  }
}

async function load(plan: Plan, fetched: typeof fetchDocument): Promise<LoadedDocument> {
  const place = documentUrl(plan.uri);
  if ('why' in place) throw new Fault('input', `The plan’s document is not fetched: ${place.why}.`, '');
  const read = readDocument(await fetched(place.url, MOST_BYTES));
  if ('why' in read) {
    throw new Fault('input', `What lies there is no plan document: ${read.why}.`, 'Ask the plan’s authority.');
  }
  const { document } = read;
  const files = new Map<string, Uint8Array | { why: string }>();
  // Only of KPIs that the plan has, which bounds their number.
  for (const { number } of plan.kpis) {
    const rubric = document.rubrics.get(number);
    if (rubric === undefined || !('file' in rubric) || files.has(rubric.file)) continue;
    const bytes = await fetched(beside(place.url, rubric.file), MOST_BYTES).catch((error: unknown) => ({
      why: asFault(error).message,
    }));
    files.set(rubric.file, bytes);
  }
  return checkDocument(document, plan, files);
}
