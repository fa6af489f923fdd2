export default function Roles(_: { address?: string }) { return null; }
