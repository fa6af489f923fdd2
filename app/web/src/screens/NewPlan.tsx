export default function NewPlan(_: { address?: string }) { return null; }
