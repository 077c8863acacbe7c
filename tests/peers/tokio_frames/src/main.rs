//! Answers each frame with its body turned round, by the codecs of tokio-util: `tokio_frames PATH CODEC`.

use bytes::BytesMut;
use futures_util::{SinkExt, StreamExt};
use std::error::Error;
use tokio::net::UnixStream;
use tokio_util::codec::{Framed, LengthDelimitedCodec, LinesCodec};

async fn echo(stream: UnixStream, codec: LengthDelimitedCodec) -> Result<(), Box<dyn Error>> {
    let mut framed = Framed::new(stream, codec);
    while let Some(frame) = framed.next().await {
        let mut body: BytesMut = frame?;
        body.reverse();
        framed.send(body.freeze()).await?;
    }
    Ok(())
}

async fn echo_lines(stream: UnixStream) -> Result<(), Box<dyn Error>> {
    let mut framed = Framed::new(stream, LinesCodec::new());
    while let Some(line) = framed.next().await {
        framed.send(line?.chars().rev().collect::<String>()).await?;
    }
    Ok(())
}

fn lengths() -> tokio_util::codec::length_delimited::Builder {
    LengthDelimitedCodec::builder()
}

async fn answer(args: &[String]) -> Result<(), Box<dyn Error>> {
    let stream = UnixStream::connect(&args[1]).await?;
    match args[2].as_str() {
        "big-4" => echo(stream, lengths().new_codec()).await,
        "little-2" => echo(stream, lengths().little_endian().length_field_length(2).new_codec()).await,
        "big-8" => echo(stream, lengths().length_field_length(8).new_codec()).await,
        // The length counts the whole frame.
        "whole-4" => echo(stream, lengths().length_adjustment(-4).new_codec()).await,
        "lines" => echo_lines(stream).await,
        other => Err(format!("there is no codec \"{other}\"").into()),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    // Without the macro of tokio, which takes longer to compile than all else here.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(answer(&args))
}
