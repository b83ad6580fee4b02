//! Container images of the programs, as OCI layouts under `target/image`.

use crate::tools;

/// Which program, built how.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The program.
    #[arg(default_value = "baton-whimsical")]
    program: String,
    /// The tag of the image.
    #[arg(long, default_value = "latest")]
    tag: String,
}

/// Builds the release program and puts it into an image.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    tools::run("cargo", &["build", "--release", "--package", &args.program])?;
    let root = tools::root()?;
    let layout = root.join("target/image").join(&args.program);
    testkit::image::build(&root.join("target/release").join(&args.program), &layout, &args.tag)?;
    println!("{layout}:{}\nhint: skopeo copy oci:{layout}:{} docker://REGISTRY/{}", args.tag, args.tag, args.program);
    Ok(())
}
