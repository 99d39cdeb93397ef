// The workbench's own API: one function to do something, one to be told what there is to see.

export async function post(path, body) {
  const answer = await fetch(`/api/${path}`, {
    method: "POST",
    headers: body ? { "content-type": "application/json" } : {},
    body: body ? JSON.stringify(body) : undefined,
  });
  const said = await answer.json();
  if (!answer.ok) {
    const detail = said.detail;
    throw new Error(typeof detail === "string" ? detail : JSON.stringify(detail));
  }
  return said;
}

// EventSource reconnects by itself; `lost` is called when the workbench has gone.
export function follow(seen, lost) {
  const source = new EventSource("/api/events");
  source.onmessage = (message) => seen(JSON.parse(message.data));
  source.onerror = lost;
}
