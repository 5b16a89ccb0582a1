// A merchant's application with the official client, pointed at standin. One JSON argument says what it is to ask:
//   {"port", "key", "options", "calls": [{"method": "paymentIntents.create", "arguments": [...]}]}
// For each call, one after the other, it prints a line of JSON: what the client made of the answer.
'use strict';
const Stripe = require('stripe');

const asked = JSON.parse(process.argv[2]);
const stripe = new Stripe(asked.key, {
  host: '127.0.0.1', port: asked.port, protocol: 'http', telemetry: false, ...asked.options,
});

function heard(object) {
  const {statusCode, requestId, headers, idempotencyKey, apiVersion} = object.lastResponse;
  return {object: JSON.parse(JSON.stringify(object)), statusCode, requestId, headers, idempotencyKey, apiVersion};
}

function refused(error) {
  const {type, code, decline_code: declineCode, statusCode, requestId, message, headers} = error;
  return {error: error.constructor.name, type, code, declineCode, statusCode, requestId, message, headers};
}

async function main() {
  for (const call of asked.calls) {
    const [resource, method] = call.method.split('.');
    const told = await stripe[resource][method](...call.arguments).then(heard, refused);
    process.stdout.write(JSON.stringify(told) + '\n');
  }
}

// Connections that the client left half-read would keep it from ending.
main().then(() => process.exit(0));
