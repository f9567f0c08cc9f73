// A way to take hold of an element at a place that `placeOf` of signin.js gave, such as "1.0.s.2 input": children by
// their number, "s" enters a shadow root. It runs in a world of its own, where nothing is replaced; but names of fields
// hide members of forms here as well, so that members are those of the prototypes.
function places() {
  const get = (kind, name) => Object.getOwnPropertyDescriptor(kind.prototype, name).get;
  const read = (getter, node) => Reflect.apply(getter, node, []);
  const children = [
    [Element, get(Element, "children")],
    [Document, get(Document, "children")],
    [DocumentFragment, get(DocumentFragment, "children")],
  ];
  const shadow = get(Element, "shadowRoot");
  const tag = get(Element, "localName");
  const childOf = (node, at) => read(children.find(([kind]) => node instanceof kind)[1], node)[at] || null;
  const found = (place) => {
    const [steps, name] = place.split(" ");
    let at = document;
    for (const step of steps.split(".")) at = at && (step === "s" ? read(shadow, at) : childOf(at, Number(step)));
    return at && at !== document && read(tag, at) === name ? at : null;
  };
  return {
    query: (_root, place) => found(place),
    queryAll: (_root, place) => [found(place)].filter(Boolean),
  };
}
