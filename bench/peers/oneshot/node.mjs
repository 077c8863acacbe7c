import { connect } from "node:net";
import process from "node:process";

const conn = connect(process.argv[2], () => conn.write("question"));
conn.on("data", (answer) => {
  conn.destroy();
  console.log(`${answer}`);
});
