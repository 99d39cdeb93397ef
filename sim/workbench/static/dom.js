// Small helpers: make an element, find one, and keep a list of elements in step with a list of things.

export const find = (id) => document.getElementById(id);

export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// One child per thing, found again by its key, so that focus, hover and open panels survive an update.
export function keep(parent, things, key, create, update) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstChild;
  for (const thing of things) {
    const name = String(key(thing));
    let child = old.get(name);
    if (child) old.delete(name);
    else {
      child = create(thing);
      child.dataset.key = name;
    }
    if (child !== place) parent.insertBefore(child, place);
    else place = child.nextSibling;
    update(child, thing);
  }
  for (const gone of old.values()) gone.remove();
}
