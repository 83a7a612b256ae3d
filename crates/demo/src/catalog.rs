//! A made-up shop: its backends, its endpoints, and how each of them behaves on a good day.

use fastrand::Rng;

use crate::random;

/// The service behind an endpoint.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Backend {
    /// Its name, as the logs spell it.
    pub(crate) name: &'static str,
    /// The Java package in its stack traces.
    pub(crate) package: &'static str,
    /// How long a plain request takes at the median, in milliseconds.
    pub(crate) median_ms: f64,
}

/// The backends. The first one is the one that has its incident.
pub(crate) const BACKENDS: [Backend; 6] = [
    Backend { name: "inventory", package: "com.example.inventory.StockClient", median_ms: 38.0 },
    Backend { name: "catalog", package: "com.example.catalog.ProductReader", median_ms: 24.0 },
    Backend { name: "orders", package: "com.example.orders.OrderService", median_ms: 61.0 },
    Backend { name: "accounts", package: "com.example.accounts.SessionStore", median_ms: 17.0 },
    Backend { name: "search", package: "com.example.search.QueryRunner", median_ms: 92.0 },
    Backend { name: "content", package: "com.example.content.PageRenderer", median_ms: 9.0 },
];

/// Resources and the backend that keeps them.
const RESOURCES: [(&str, usize); 24] = [
    ("products", 1),
    ("stock", 0),
    ("orders", 2),
    ("customers", 3),
    ("warehouses", 0),
    ("categories", 1),
    ("reservations", 0),
    ("carts", 2),
    ("sessions", 3),
    ("searches", 4),
    ("pages", 5),
    ("suppliers", 0),
    ("reviews", 1),
    ("invoices", 2),
    ("addresses", 3),
    ("suggestions", 4),
    ("banners", 5),
    ("deliveries", 0),
    ("variants", 1),
    ("refunds", 2),
    ("devices", 3),
    ("rankings", 4),
    ("articles", 5),
    ("coupons", 2),
];

/// What can be done with one of a resource: method, rest of the path, and the cost beside a plain read.
const ON_ONE: [(&str, &str, f64); 7] = [
    ("GET", "", 1.0),
    ("GET", "/history", 3.1),
    ("GET", "/related", 2.2),
    ("GET", "/items/{n}", 1.2),
    ("PUT", "", 2.4),
    ("POST", "/notes", 1.9),
    ("DELETE", "/items/{u}", 1.6),
];

/// And with all of it.
const ON_ALL: [(&str, &str, f64); 4] =
    [("GET", "", 2.6), ("POST", "", 2.8), ("GET", "/recent", 1.7), ("GET", "/by-owner/{u}", 2.1)];

/// One method on one kind of path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Endpoint {
    /// The HTTP method.
    pub(crate) method: &'static str,
    /// The path; `{n}`, `{u}` and `{h}` stand for a number, a UUID and a hexadecimal key.
    pub(crate) path: String,
    /// Whether it lists, and so takes a page in its query.
    pub(crate) is_list: bool,
    /// Index into [`BACKENDS`].
    pub(crate) backend: usize,
    /// The median of its response time in milliseconds.
    pub(crate) median_ms: f64,
    /// The spread of its response time: the sigma of its log-normal distribution.
    pub(crate) sigma: f64,
    /// The median of its answer's size.
    pub(crate) bytes: f64,
}

/// All endpoints, and how often each is asked for.
#[derive(Debug)]
pub(crate) struct Catalog {
    endpoints: Vec<Endpoint>,
    /// Sums of the weights up to and including each endpoint.
    cumulated: Vec<f64>,
}

impl Catalog {
    /// The shop's endpoints, with a popularity that falls off as in Zipf's law.
    pub(crate) fn new(rng: &mut Rng) -> Self {
        let mut endpoints =
            vec![page("/"), page("/login"), page("/help"), page("/health"), page("/assets/app.{h}.js")];
        for (index, (resource, backend)) in RESOURCES.into_iter().enumerate() {
            let id = ["{n}", "{u}", "{h}"][index % 3];
            for (method, rest, cost) in ON_ALL {
                let path = format!("/api/v2/{resource}{rest}");
                endpoints.push(endpoint(rng, method, path, backend, cost, rest != "/by-owner/{u}"));
            }
            for (method, rest, cost) in ON_ONE {
                let path = format!("/api/v2/{resource}/{id}{rest}");
                endpoints.push(endpoint(rng, method, path, backend, cost, false));
            }
        }
        rng.shuffle(&mut endpoints[5..]);
        let mut sum = 0.0;
        let mut cumulated = Vec::with_capacity(endpoints.len());
        let mut rank = 0.0;
        for endpoint in &endpoints {
            rank += 1.0;
            // Reads are asked for far more often than writes.
            let share = if endpoint.method == "GET" { 1.0 } else { 0.22 };
            sum += share / f64::powf(rank + 4.0, 0.85);
            cumulated.push(sum);
        }
        Self { endpoints, cumulated }
    }

    /// One endpoint, the popular ones more often.
    pub(crate) fn pick(&self, rng: &mut Rng) -> &Endpoint {
        let total = self.cumulated.last().copied().unwrap_or_default();
        let at = rng.f64() * total;
        let index = self.cumulated.partition_point(|sum| *sum <= at).min(self.endpoints.len() - 1);
        &self.endpoints[index]
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.endpoints.len()
    }
}

fn page(path: &str) -> Endpoint {
    let backend = BACKENDS.len() - 1;
    Endpoint {
        method: "GET",
        path: path.to_owned(),
        is_list: false,
        backend,
        median_ms: BACKENDS[backend].median_ms * 0.5,
        sigma: 0.4,
        bytes: 22_000.0,
    }
}

fn endpoint(
    rng: &mut Rng,
    method: &'static str,
    path: String,
    backend: usize,
    cost: f64,
    is_list: bool,
) -> Endpoint {
    Endpoint {
        method,
        path,
        is_list: is_list && method == "GET",
        backend,
        median_ms: BACKENDS[backend].median_ms * cost * random::between(rng, 0.7, 1.6),
        sigma: random::between(rng, 0.35, 0.75),
        bytes: random::between(rng, 280.0, 9_000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shop_has_hundreds_of_endpoints_and_a_few_take_most_of_the_traffic() {
        let mut rng = Rng::with_seed(1);
        let catalog = Catalog::new(&mut rng);
        assert!(catalog.len() > 250, "{}", catalog.len());
        let mut top = 0;
        for _ in 0..10_000 {
            let picked = catalog.pick(&mut rng);
            top += usize::from(catalog.endpoints[..20].contains(picked));
        }
        assert!((2_000..6_000).contains(&top), "{top}");
    }
}
