// What a collection would do, as Postman's own library understands it.
const { Collection } = require("postman-collection");

const read = new Collection(JSON.parse(require("fs").readFileSync("collection.json")));
const request = read.items.idx(0).request;
const variables = read.variables.toObject();
const fill = (text) => text.replace(/{{(\w+)}}/g, (_, name) => variables[name]);
const auth = read.auth.parameters().toObject();
console.log(JSON.stringify({
  type: read.auth.type, grant: auth.grant_type, where: auth.client_authentication,
  token: fill(auth.accessTokenUrl), id: fill(auth.clientId), secret: fill(auth.clientSecret),
  method: request.method, url: fill(request.url.toString()), day: request.url.query.get("from"),
}));
