// SPDX-License-Identifier: Apache-2.0
// A CoAP client by people who have nothing to do with this project: npm's coap.
//
//   node coap_npm.js GET|POST|OBSERVE PORT PATH [FILE]
//
// Prints "CODE PAYLOAD-IN-HEX", for OBSERVE a line for each notification until it is ended. Sends
// back an Echo (RFC 9175), which the library does not know. Exit code 1: no answer.
'use strict'
const coap = require('coap')
const dgram = require('dgram')
const fs = require('fs')

const ECHO = '252'
const LINGER_MS = 300 // so that the library's ACK of a confirmable response gets out

// A socket of our own stays open between two requests: an Echo is good for its port alone.
const agent = new coap.Agent({ type: 'udp4', socket: dgram.createSocket('udp4') })

const [kind, port, path, file] = process.argv.slice(2)
const [pathname, query] = path.split('?')

function print (code, payload) {
  process.stdout.write(`${code} ${payload.toString('hex')}\n`)
}

function whole (res) {
  const parts = []
  res.on('data', (part) => parts.push(part))
  res.on('end', () => {
    print(res.code, Buffer.concat(parts))
    setTimeout(() => process.exit(0), LINGER_MS)
  })
}

function answered (res, echoed) {
  const echo = res.options.find((option) => String(option.name) === ECHO)

  if (res.code === '4.01' && echo && !echoed) {
    ask(echo.value)
  } else if (kind === 'OBSERVE') {
    res.on('data', (part) => print(res.code, part))
  } else {
    whole(res)
  }
}

function ask (echo) {
  const body = file ? fs.readFileSync(file) : Buffer.alloc(0)
  const req = coap.request({
    agent,
    host: '127.0.0.1',
    port: Number(port),
    method: kind === 'OBSERVE' ? 'GET' : kind,
    observe: kind === 'OBSERVE',
    pathname,
    query
  })

  if (echo) req.setOption(ECHO, echo)
  req.on('response', (res) => answered(res, echo !== undefined))
  req.on('error', () => process.exit(1))
  // RFC 7959: blocks of 512 octets.
  if (body.length > 512) req.setOption('Block1', Buffer.of(5))
  req.end(body)
}

ask()
