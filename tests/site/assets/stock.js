const place = document.getElementById("stock");

function node(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

async function fetched(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}

async function allProducts() {
  const first = await fetched("/api/products?page=1");
  const rest = Array.from({ length: first.pages - 1 }, (_, index) => fetched(`/api/products?page=${index + 2}`));
  return [first, ...(await Promise.all(rest))].flatMap((page) => page.items);
}

function availability(stock) {
  return stock ? `${stock} in stock` : "Sold out";
}

function row(product) {
  const link = node("a", { href: `/stock/${product.slug}`, "data-route": "" }, product.name);
  return node(
    "tr",
    {},
    node("th", { scope: "row" }, link),
    node("td", { class: "category" }, product.category),
    node("td", { class: "number" }, product.price),
    node("td", { class: "number" }, availability(product.stock)),
  );
}

async function list() {
  const products = await allProducts();
  const filter = node("input", { id: "filter", type: "search", autocomplete: "off" });
  const status = node("p", { class: "muted", role: "status" });
  const body = node("tbody");
  const titles = ["Product", "Category", "Price", "Stock"];
  const heads = titles.map((title, index) => node("th", { scope: "col", class: index > 1 ? "number" : "" }, title));
  const table = node("table", {}, node("thead", {}, node("tr", {}, ...heads)), body);
  const draw = () => {
    const wanted = filter.value.trim().toLowerCase();
    const shown = products.filter((product) => product.name.toLowerCase().includes(wanted));
    body.replaceChildren(...shown.map(row));
    status.textContent = `${shown.length} of ${products.length} products`;
  };
  filter.addEventListener("input", draw);
  draw();
  const field = node("div", { class: "field filter" }, node("label", { for: "filter" }, "Filter by name"), filter);
  const frame = node("div", { class: "scroll", role: "region", "aria-label": "Stock table", tabindex: "0" }, table);
  place.replaceChildren(field, status, frame);
}

async function detail(slug) {
  const product = await fetched(`/api/products/${slug}`);
  place.replaceChildren(
    node("p", {}, node("a", { href: "/stock", "data-route": "" }, "Back to the list")),
    node(
      "section",
      { class: "panel" },
      node("h2", {}, product.name),
      node("p", {}, product.description),
      node("p", {}, `${product.price}, ${availability(product.stock)}`),
      node("p", {}, node("a", { class: "button", href: `/products/${product.slug}` }, "Open in the shop")),
    ),
  );
}

async function draw() {
  const slug = location.pathname.split("/")[2];
  try {
    await (slug ? detail(slug) : list());
  } catch {
    place.replaceChildren(node("p", { class: "notice problem", role: "alert" }, "Stock could not be loaded."));
  }
}

place.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-route]");
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  history.pushState({}, "", link.href);
  draw();
});
addEventListener("popstate", draw);
draw();
