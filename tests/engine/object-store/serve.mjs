/** An S3 server with one bucket, in the folder and on the port that it is given. */
import S3rver from "@20minutes/s3rver";

const [directory, port, bucket] = process.argv.slice(2);
const server = new S3rver({
  address: "127.0.0.1",
  port: Number(port),
  silent: true,
  directory,
  configureBuckets: [{ name: bucket }],
});
await server.run();
console.log("ready");
