export default function Manage(_: { address?: string }) { return null; }
