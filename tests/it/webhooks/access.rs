//! Who may see and change endpoints: scopes, roles, locations, organisations.

use reqwest::Method;
use serde_json::{Value, json};

use super::desk::{book, deliveries, path, start, tell, wish};
use crate::{
    dated::{Dated, id},
    harness::{Caller, Reply},
    visibility::{indistinguishable, touch},
};

type Route = (Method, String, Option<Value>);

/// Every route that names an endpoint or a delivery, the one that ends it last.
fn routes(endpoint: &str, delivery: &str) -> Vec<Route> {
    let endpoint = format!("/webhook-endpoints/{endpoint}");
    let on = |what: &str| format!("{endpoint}/{what}");
    let span = json!({"from": "2025-08-01T00:00:00Z", "to": "2025-08-02T00:00:00Z"});
    vec![
        (Method::GET, endpoint.clone(), None),
        (Method::GET, on("deliveries"), None),
        (Method::PUT, endpoint.clone(), Some(json!({"description": "mine"}))),
        (Method::POST, on("rotate-secret"), None),
        (Method::POST, on("test"), Some(json!({}))),
        (Method::POST, on("replay"), Some(span)),
        (Method::POST, format!("/webhook-deliveries/{delivery}/redeliver"), None),
        (Method::DELETE, endpoint, None),
    ]
}

/// Those and the two that name none.
fn all_routes(endpoint: &str, delivery: &str) -> Vec<Route> {
    let mut all = vec![
        (Method::GET, "/webhook-endpoints".into(), None),
        (Method::POST, "/webhook-endpoints".into(), Some(wish("mine", &["*"]))),
    ];
    all.extend(routes(endpoint, delivery));
    all
}

async fn sent(caller: &Caller, (method, path, body): &Route) -> Reply {
    touch(caller, method.clone(), path, body.as_ref()).await
}

/// An endpoint of the boss with one delivery to it.
async fn one_delivery(server: &Dated, boss: &Caller) -> (Value, Value) {
    let endpoint = tell(boss, "erp", &["booking.*"]).await;
    let asset = boss.asset("Van").await;
    book(boss, &asset, 0).await;
    let mut found =
        deliveries(server, boss, &endpoint, |it| it.len() == 1 && it[0]["status"] == "SUCCEEDED")
            .await;
    (endpoint, found.remove(0))
}

/// A well-formed id of nothing, which differs from this one in one letter.
fn absent(id: &str) -> String {
    let last = if id.ends_with('0') { '1' } else { '0' };
    format!("{}{last}", &id[..id.len() - 1])
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_and_scopes_open_what_they_should() {
    let (server, _) = start().await;
    let boss = server.caller("usr_2", "org_1");
    let (endpoint, delivery) = one_delivery(&server, &boss).await;
    let all = all_routes(id(&endpoint), id(&delivery));
    let scoped = |scope: &str| server.caller_with("usr_2", "org_1", |it| it.scope = scope.into());
    let (reader, writer) = (scoped("asset:read"), scoped("asset:write booking:write"));
    let (booker, nobody) = (scoped("booking:write"), boss.clone().without_token());
    let member = server.member("usr_8", "org_1");
    let auditor = server.role("auditor", "usr_5", "org_1");
    let operator = server.role("operator", "usr_6", "org_1");
    for route in &all {
        let read = route.0 == Method::GET;
        sent(&nobody, route).await.refused(401, "UNAUTHENTICATED");
        sent(&booker, route).await.refused(403, "INSUFFICIENT_SCOPE");
        sent(&member, route).await.refused(403, "FORBIDDEN_ROLE");
        sent(&operator, route).await.refused(403, "FORBIDDEN_ROLE");
        if read {
            sent(&auditor, route).await.expect(200);
            sent(&writer, route).await.refused(403, "INSUFFICIENT_SCOPE");
        } else {
            sent(&auditor, route).await.refused(403, "FORBIDDEN_ROLE");
            sent(&reader, route).await.refused(403, "INSUFFICIENT_SCOPE");
        }
    }
    assert_eq!(boss.get(&path(&endpoint)).await.expect(200)["version"], endpoint["version"]);
    // An admin may all of it, and so may a manager with no more than asset:write where nothing is read.
    let admin = server.role("admin", "usr_3", "org_1");
    for route in &all {
        let status = sent(&admin, route).await.status;
        let expected = match route {
            (method, ..) if method == Method::DELETE => 204,
            (method, path, _) if method == Method::POST && path == "/webhook-endpoints" => 201,
            _ => 200,
        };
        assert_eq!(status, expected, "{} {}", route.0, route.1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_organisations_endpoints_do_not_exist() {
    let (server, _) = start().await;
    let boss = server.caller("usr_2", "org_1");
    let (endpoint, delivery) = one_delivery(&server, &boss).await;
    let stranger = server.caller("usr_2", "org_2");
    // One who has endpoints and deliveries, and one whose organisation has none.
    let (own, own_delivery) = one_delivery(&server, &stranger).await;
    let third = server.role("admin", "usr_2", "org_3");
    let real = routes(id(&endpoint), id(&delivery));
    let unreal = routes(&absent(id(&endpoint)), &absent(id(&delivery)));
    let garbage = routes("whe_1", "dlv_1");
    let swapped = routes(id(&delivery), id(&endpoint));
    for place in 0..real.len() {
        for caller in [&stranger, &third] {
            let refused = sent(caller, &real[place]).await;
            refused.refused(404, "NOT_FOUND");
            indistinguishable(&refused, &sent(caller, &unreal[place]).await);
            indistinguishable(&refused, &sent(caller, &garbage[place]).await);
            indistinguishable(&refused, &sent(caller, &swapped[place]).await);
        }
        // And for the owner there is nothing more than what was made.
        sent(&boss, &unreal[place]).await.refused(404, "NOT_FOUND");
        sent(&boss, &garbage[place]).await.refused(404, "NOT_FOUND");
    }
    assert_eq!(third.pages("/webhook-endpoints", 20).await, Vec::<Value>::new());
    assert_eq!(ids(&stranger.pages("/webhook-endpoints", 20).await), [id(&own)]);
    let kept = boss.pages("/webhook-endpoints", 20).await;
    assert_eq!((ids(&kept), &kept[0]["version"]), (vec![id(&endpoint)], &endpoint["version"]));
    let again = format!("/webhook-deliveries/{}/redeliver", id(&own_delivery));
    touch(&stranger, Method::POST, &again, None).await.expect(200);
}

fn ids(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_for_those_who_reach_all_it_hears_of() {
    let (server, _) = start().await;
    let at = |sub: &str, locations: &[&str]| {
        let locations = locations.iter().map(|it| (*it).to_owned()).collect();
        server.caller_with(sub, "org_1", |claims| claims.locations = Some(locations))
    };
    let (boss, seven, eight) =
        (server.caller("boss", "org_1"), at("s", &["loc_7"]), at("e", &["loc_8"]));
    let both = at("b", &["loc_8", "loc_7"]);
    let (everywhere, delivery) = one_delivery(&server, &boss).await;
    let here = tell(&seven, "seven", &["*"]).await;
    let two = tell(&both, "both", &["*"]).await;
    assert_eq!(everywhere["locations"], json!(["*"]));
    assert_eq!(here["locations"], json!(["loc_7"]));
    assert_eq!(two["locations"], json!(["loc_7", "loc_8"]));

    let rows: [(&Caller, Vec<&Value>); 4] = [
        (&boss, vec![&two, &here, &everywhere]),
        (&both, vec![&two, &here]),
        (&seven, vec![&here]),
        (&eight, vec![]),
    ];
    for (caller, visible) in rows {
        let listed = caller.pages("/webhook-endpoints", 1).await;
        assert_eq!(ids(&listed), visible.iter().map(|it| id(it)).collect::<Vec<_>>());
    }
    // For a manager of other locations there is none, on any verb and sub-path.
    let real = routes(id(&everywhere), id(&delivery));
    let unreal = routes(&absent(id(&everywhere)), &absent(id(&delivery)));
    for (real, unreal) in real.iter().zip(&unreal) {
        for caller in [&seven, &eight, &both] {
            let refused = sent(caller, real).await;
            refused.refused(404, "NOT_FOUND");
            indistinguishable(&refused, &sent(caller, unreal).await);
        }
    }
    boss.get(&path(&everywhere)).await.expect(200);
}
