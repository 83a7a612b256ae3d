//! The endpoint over a socket.

use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use s3s::Body;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Endpoint;

/// How long requests in progress may take to end when the endpoint stops.
const GRACE: Duration = Duration::from_secs(2);

/// Serves `endpoint` on a listener until `stop` is there; requests in progress are then answered for a short while.
/// Its [`Driver`](super::Driver) has to run beside it.
pub async fn serve_on(listener: TcpListener, endpoint: Endpoint, stop: impl Future<Output = ()>) {
    let (stopping, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            biased;
            () = &mut stop => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, endpoint.clone(), stopped.clone()));
                }
                // Out of file descriptors, most likely: it passes when connections end.
                Err(error) => {
                    tracing::warn!(%error, "a connection cannot be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
    drop(listener);
    let _ = stopping.send(true);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, all).await.is_err() {
        tracing::info!("requests in progress are cut off");
    }
}

async fn serve(stream: TcpStream, endpoint: Endpoint, mut stopped: watch::Receiver<bool>) {
    // Answers are small: waiting for more of them to fill a packet costs 40 ms each.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let endpoint = endpoint.clone();
        // An error ends the connection without an answer, which is what a cut is.
        async move { endpoint.answer(request.map(Body::from)).await }
    });
    let connection =
        http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // The guard that `wait_for` gives must not live across an await.
    let stop = async { drop(stopped.wait_for(|stopped| *stopped).await) };
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = stop => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended early");
    }
}
