/** Where rows will be. */
export function Skeleton({ rows, height }: { rows: number; height: number }) {
  return (
    <div class="skeleton" aria-hidden="true">
      {Array.from({ length: rows }, (_, index) => (
        <i key={index} style={{ height: `${height - 22}px`, width: `${92 - index * 6}%` }} />
      ))}
    </div>
  );
}
