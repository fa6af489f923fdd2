export default function Attest(_: { address?: string }) { return null; }
