// One line per check; the first failure ends the program with what was expected and what came.
import assert from "node:assert/strict";

const client = process.argv[1].split("/").pop().replace(/\.mjs$/, "");
let passed = 0;

export async function check(promise, body) {
  try {
    await body();
  } catch (error) {
    console.log(`FAIL ${client}: ${promise}`);
    if (error instanceof assert.AssertionError && error.operator !== "fail") {
      console.log(`  ${error.message.split("\n")[0]}`);
      console.log(`  expected: ${JSON.stringify(error.expected)}`);
      console.log(`  came:     ${JSON.stringify(error.actual)}`);
    }
    console.log(String(error?.stack ?? error).replace(/^/gm, "  "));
    process.exit(1);
  }
  passed += 1;
  console.log(`ok   ${client}: ${promise}`);
}

// The error that a call must end with.
export async function refusal(call) {
  let answer;
  try {
    answer = await call();
  } catch (error) {
    return error;
  }
  assert.fail(`expected: an error; came: ${JSON.stringify(answer)}`);
}

export function done(name) {
  console.log(`     ${client}: ${passed} checks passed, by ${name}`);
}

// The stand-in's back door: what a person or the weather does. It is not part of what a real system offers.
export function backDoor(base) {
  return async (door, body) => {
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const response = await fetch(`${base}/_admin/${door}`, init);
    assert.equal(response.status, 200, `the back door's ${door}: ${await response.clone().text()}`);
    return response.json();
  };
}
