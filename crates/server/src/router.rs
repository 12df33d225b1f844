//! All routes: those of the table, those that are open, and the pages.

use axum::Router;
use axum::extract::{Request, State};
use axum::routing::{MethodFilter, MethodRouter, on};
use shipway_api::{Method, Operation};

use crate::app::App;
use crate::incoming::{self, Incoming, Outcome};
use crate::payload::{Deliver, Receive};
use crate::{open, pages, problem, routes};

/// Answers everything under every path.
pub fn router(app: App) -> Router {
    let api = routes::all(Routes::default()).router;
    api.merge(open::routes())
        .merge(pages::routes())
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .with_state(app)
}

/// The table's operations, each with its handler.
#[derive(Default)]
pub(crate) struct Routes {
    router: Router<App>,
    /// The ids of those that are there.
    ids: Vec<&'static str>,
}

impl Routes {
    /// `O` is answered by `handler`, once the caller is known to be allowed and the request to be readable.
    pub(crate) fn add<O, H, F>(mut self, handler: H) -> Self
    where
        O: Operation,
        O::Body: Receive,
        O::Answer: Deliver,
        H: Fn(Incoming<O>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Outcome<O>> + Send + 'static,
    {
        let answer = move |State(app): State<App>, request: Request| {
            incoming::answer::<O, _, _>(app, request, handler)
        };
        self.router = self.router.route(O::PATH, on(filter(O::METHOD), answer));
        self.ids.push(O::ID);
        self
    }

    /// `O` is answered by `handler`, which reads the request itself and asks the policies itself.
    pub(crate) fn add_as_it_is<O: Operation>(mut self, handler: MethodRouter<App>) -> Self {
        self.router = self.router.route(O::PATH, handler);
        self.ids.push(O::ID);
        self
    }
}

fn filter(method: Method) -> MethodFilter {
    match method {
        Method::Get => MethodFilter::GET,
        Method::Post => MethodFilter::POST,
        Method::Put => MethodFilter::PUT,
        Method::Delete => MethodFilter::DELETE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_exactly_one_route() {
        let mut routed = routes::all(Routes::default()).ids;
        let mut table: Vec<_> = shipway_api::operations::all().map(|it| it.id).collect();
        routed.sort_unstable();
        table.sort_unstable();
        assert_eq!(routed, table);
    }
}
