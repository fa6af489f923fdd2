export default function Rule(_: { address?: string }) { return null; }
