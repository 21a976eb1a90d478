//! The asset registry over HTTP. `seed` walks the document that asked for it; `transfer` is about files
//! that go in and come out with the binary; the others hold what that document leaves open: the rest of
//! the routes, names that are hostile to URLs, who may do what, long lists.

mod associations;
mod bulk;
mod contexts;
mod lists;
mod names;
mod raw;
mod renames;
mod seed;
mod shapes;
mod surface;
mod transfer;
mod types;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Caller, Reply, Server};

/// A server whose registry has these types, and somebody who may do everything there.
async fn start(types: &[&str]) -> (Server, Desk) {
    let server = Server::start().await;
    let desk = Desk(server.caller("usr_9", "org_1"));
    desk.types(types).await;
    (server, desk)
}

/// Somebody at the registry.
#[derive(Clone)]
struct Desk(Caller);

impl Desk {
    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        self.0.send(method, path, &[], body).await
    }

    async fn head(&self, path: &str) -> Reply {
        self.send(Method::HEAD, path, None).await
    }

    async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::POST, path, Some(body)).await
    }

    async fn patch(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::PATCH, path, Some(body)).await
    }

    async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None).await
    }

    async fn delete_listed(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::DELETE, path, Some(body)).await
    }

    async fn types(&self, codes: &[&str]) {
        let types: Vec<_> = codes.iter().map(|code| json!({"Code": code})).collect();
        empty(&self.post("/type", &json!(types)).await, 204);
    }

    /// An asset with what these applications keep of it.
    async fn asset(&self, ty: &str, code: &str, apps: &[&str]) {
        let made = self.post("/asset", &json!([asset(ty, code, apps)])).await;
        empty(&made, 204);
    }

    /// An association, kept by these applications, between two assets `type/code`.
    async fn link(&self, from: &str, to: &str, apps: &[&str]) {
        let path = format!("/association/from/{from}/to/{to}");
        let body = link(from, to, apps);
        created(&self.post(&path, &body).await, &path);
    }

    /// What is read at `path`.
    async fn read(&self, path: &str) -> Value {
        self.get(path).await.expect(200)
    }
}

/// The path of an asset.
fn at(ty: &str, code: &str) -> String {
    format!("/asset/bytype/{ty}/bycode/{code}")
}

/// An asset as sent and served.
fn asset(ty: &str, code: &str, apps: &[&str]) -> Value {
    let mut asset = json!({"Type": ty, "Code": code});
    if !apps.is_empty() {
        asset["Context"] = context(apps);
    }
    asset
}

/// An entry per application, with its name in it.
fn context(apps: &[&str]) -> Value {
    apps.iter().map(|app| json!({"Application": app, "Metadata": {"of": app}})).collect()
}

/// The `FullAssociation` of two assets `type/code` without contexts of their own.
fn link(from: &str, to: &str, apps: &[&str]) -> Value {
    let mut link = json!({"FromAsset": named(from), "ToAsset": named(to)});
    if !apps.is_empty() {
        link["Association"] = json!({"Context": context(apps)});
    }
    link
}

/// `type/code` as an asset without context.
fn named(name: &str) -> Value {
    let (ty, code) = name.split_once('/').unwrap();
    asset(ty, code, &[])
}

/// The names of a list of assets, as `type/code`, in its order.
fn names(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(name).collect()
}

fn name(asset: &Value) -> String {
    format!("{}/{}", asset["Type"].as_str().unwrap(), asset["Code"].as_str().unwrap())
}

/// The far ends of a list of associations, as `type/code`, in its order.
fn far_ends(list: &Value) -> Vec<String> {
    let listed = list["Associations"].as_array().into_iter().flatten();
    let far = |entry: &Value| {
        name(if entry["ToAsset"].is_object() { &entry["ToAsset"] } else { &entry["FromAsset"] })
    };
    listed.map(far).collect()
}

/// The applications that keep something of an asset, in their order.
fn apps(asset: &Value) -> Vec<&str> {
    let entries = asset["Context"].as_array().into_iter().flatten();
    entries.map(|entry| entry["Application"].as_str().unwrap()).collect()
}

/// An array of exactly these codes.
#[track_caller]
fn codes(reply: &Reply, status: u16, expected: &[&str]) {
    assert_eq!(reply.expect(status), json!(expected));
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert!(reply.header("x-request-id").is_some());
}

/// No body.
#[track_caller]
fn empty(reply: &Reply, status: u16) {
    let told = String::from_utf8_lossy(&reply.bytes);
    assert_eq!((reply.status, &*told), (status, ""));
    assert!(reply.header("x-request-id").is_some());
}

/// 201 at this path.
#[track_caller]
fn created(reply: &Reply, location: &str) {
    empty(reply, 201);
    assert_eq!(reply.header("location"), Some(location));
}
