/** Made by `npm run pages` from browser/fragment.ts. Do not edit it. */
export const browserScript = `"use strict";

(function() {

// src/relay-protocol/messages.ts
	const paths = {
		session: "/s",
		callback: "/callback",
		client: "/client.json"
	};

// src/relay-protocol/seal.ts
	const { subtle } = globalThis.crypto;
	const curve = {
		name: "ECDH",
		namedCurve: "P-256"
	};
	const hashLength = 32;
	const keyLength = 32;
	const nonceLength = 12;
	const kemSuite = join(encode("KEM"), Uint8Array.of(0, 16));
	const suite = join(encode("HPKE"), Uint8Array.of(0, 16, 0, 1, 0, 2));
	const info = encode("mcp-auth relay 1");
	const noSalt = new Uint8Array(hashLength);
	const none = /* @__PURE__ */ new Uint8Array(0);
	async function seal({ text, publicKey, context }) {
		const recipient = fromBase64Url(publicKey);
		const theirs = await subtle.importKey("raw", recipient, curve, false, []);
		const ephemeral = await subtle.generateKey(curve, false, ["deriveBits"]);
		const encapsulated = new Uint8Array(await subtle.exportKey("raw", ephemeral.publicKey));
		const shared = await subtle.deriveBits({
			name: "ECDH",
			public: theirs
		}, ephemeral.privateKey, 256);
		const { key, nonce } = await scheduleKey(new Uint8Array(shared), join(encapsulated, recipient));
		const parameters = {
			name: "AES-GCM",
			iv: nonce,
			additionalData: encode(context)
		};
		return toBase64Url(join(encapsulated, new Uint8Array(await subtle.encrypt(parameters, key, encode(text)))));
	}
	async function scheduleKey(shared, kemContext) {
		const extracted = await extract({
			suite: kemSuite,
			salt: noSalt,
			label: "eae_prk",
			input: shared
		});
		const secretOfKem = await expand({
			suite: kemSuite,
			secret: extracted,
			label: "shared_secret",
			input: kemContext,
			length: hashLength
		});
		const hashed = (label, input) => extract({
			suite,
			salt: noSalt,
			label,
			input
		});
		const context = join(Uint8Array.of(0), await hashed("psk_id_hash", none), await hashed("info_hash", info));
		const secret = await extract({
			suite,
			salt: secretOfKem,
			label: "secret",
			input: none
		});
		const key = await expand({
			suite,
			secret,
			label: "key",
			input: context,
			length: keyLength
		});
		const nonce = await expand({
			suite,
			secret,
			label: "base_nonce",
			input: context,
			length: nonceLength
		});
		return {
			key: await subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]),
			nonce
		};
	}
	function extract({ suite: id, salt, label, input }) {
		return sign(salt, join(encode("HPKE-v1"), id, encode(label), input));
	}
	async function expand({ suite: id, secret, label, input, length }) {
		return (await sign(secret, join(join(Uint8Array.of(0, length), encode("HPKE-v1"), id, encode(label), input), Uint8Array.of(1)))).slice(0, length);
	}
	async function sign(key, message) {
		const imported = await subtle.importKey("raw", key, {
			name: "HMAC",
			hash: "SHA-256"
		}, false, ["sign"]);
		return new Uint8Array(await subtle.sign("HMAC", imported, message));
	}
	async function hash(octets) {
		return new Uint8Array(await subtle.digest("SHA-256", octets));
	}
	function encode(text) {
		return new TextEncoder().encode(text);
	}
	function join(...parts) {
		const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
		let at = 0;
		for (const part of parts) {
			joined.set(part, at);
			at += part.length;
		}
		return joined;
	}
	function toBase64Url(octets) {
		return btoa(String.fromCharCode(...octets)).replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=/g, "");
	}
	function fromBase64Url(text) {
		const binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
		return Uint8Array.from(binary, (character) => character.charCodeAt(0));
	}

// src/relay-protocol/session-id.ts
	const nameLength = 16;
	async function createSessionId({ publicKey, secretHash }) {
		const octets = await hash(join(encode("mcp-auth relay 1"), fromBase64Url(publicKey), fromBase64Url(secretHash)));
		return toBase64Url(octets.slice(0, nameLength));
	}
	function readSessionId(state) {
		return state.split(".", 1)[0] ?? "";
	}
	function isSessionId(text) {
		return /^[\\w-]{22}$/.test(text);
	}

// src/relay/browser/fragment.ts
	async function passOn(parameters) {
		const fields = new URLSearchParams(parameters);
		const id = readSessionId(fields.get("state") ?? "");
		if (!isSessionId(id)) throw new Error("The address of this page contains no response of a login.");
		const session = \`\${paths.session}/\${id}\`;
		const key = await (await request(\`\${session}/key\`)).json();
		if (await createSessionId({
			publicKey: key.public_key,
			secretHash: key.secret_hash
		}) !== id) throw new Error("The relay has sent a key that does not belong to this login. Nothing was sent to it.");
		const sealed = await seal({
			text: parameters,
			publicKey: key.public_key,
			context: id
		});
		const body = JSON.stringify({
			sealed,
			is_error: fields.has("error") && !fields.has("code")
		});
		await request(\`\${session}/response\`, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body
		});
		return \`\${session}/code\`;
	}
	async function request(url, options) {
		const response = await fetch(url, options);
		if (response.ok) return response;
		const { message } = await response.json().catch(() => ({}));
		throw new Error(typeof message === "string" ? message : "The relay did not respond as expected.");
	}
	function showFailure(error) {
		const status = document.getElementById("status");
		const message = error instanceof Error ? error.message : "";
		if (status !== null) status.textContent = \`\${message} Go back to your terminal and start the login again.\`.trim();
	}
	const parameters = location.hash.slice(1);
	history.replaceState(null, "", location.pathname);
	passOn(parameters).then((next) => location.replace(next), showFailure);

})();`;
