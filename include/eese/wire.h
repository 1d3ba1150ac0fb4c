/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that is a number on the wire: sizes, kinds, reasons, limits.
 * Clauses are those of docs/protocol.md. All integers on the wire are big-endian.
 */
#ifndef EESE_WIRE_H
#define EESE_WIRE_H

#include <stddef.h>
#include <stdint.h>

/* Sizes in octets. */
enum {
	EESE_UE_ID_MAX = 64,   /* characters, without the NUL */
	EESE_TOPIC_MAX = 1024, /* what follows up/ or down/ */
	EESE_PLAINTEXT_MAX = 65535,
	EESE_CK_SIZE = 16,
	EESE_IK_SIZE = 16,
	EESE_INT_KEY_SIZE = 32, /* e2e_int_key */
	EESE_ROOT_SIZE = 32,    /* e2eKEYSET */
	EESE_CONTROL_KEY_SIZE = 32,
	EESE_RAND_SIZE = 16,
	EESE_KEY_MAX = 32, /* longest AEAD key of the four algorithms */
	EESE_NONCE_MAX = 13,
	EESE_TAG_MAX = 16,
	EESE_PIV_MAX = 5, /* Partial IV */
	EESE_MAC_SIZE = 8,
	EESE_KEY_UPDATE_HEAD = 24, /* up to and with alg */
	EESE_REF_MAX = 14,
	EESE_KEY_UPDATE_MIN = EESE_KEY_UPDATE_HEAD + EESE_MAC_SIZE,
	EESE_KEY_UPDATE_MAX = EESE_KEY_UPDATE_HEAD + EESE_REF_MAX + EESE_MAC_SIZE,
	EESE_KEY_REQUEST_SIZE = 15,
	EESE_ERROR_MAX = 1 + 1 + EESE_PIV_MAX,
	EESE_DATA_HEAD_MAX = 1 + EESE_PIV_MAX,
	EESE_DATA_OVERHEAD_MAX = EESE_DATA_HEAD_MAX + EESE_TAG_MAX,
	EESE_MESSAGE_MAX = EESE_PLAINTEXT_MAX + EESE_DATA_OVERHEAD_MAX,
	EESE_WINDOW_WIDTH = 64, /* clause 3.1: also the most a UE may have outstanding */
};

/* Numbers (Partial IV) run from 0 to this; clause 3.1. */
#define EESE_NUMBER_MAX UINT64_C(0xffffffffff)

/* Clause 3: bits 7-6 of the first octet. */
enum eese_kind {
	EESE_KIND_DATA = 0,
	EESE_KIND_KEY_UPDATE = 1,
	EESE_KIND_KEY_REQUEST = 2,
	EESE_KIND_ERROR = 3,
};

/* Clause 3.2: why a KEY_UPDATE is sent. */
enum eese_update_reason {
	EESE_UPDATE_CONTACT = 0,    /* the EESE starts the contact */
	EESE_UPDATE_EXPIRED = 1,    /* te2e ran out */
	EESE_UPDATE_ENTERPRISE = 2, /* expired by the enterprise */
	EESE_UPDATE_UNKNOWN = 3,    /* key unknown to this EESE */
	EESE_UPDATE_USAGE = 4,      /* usage limit reached */
	EESE_UPDATE_INTEGRITY = 5,  /* too many failed tags */
	EESE_UPDATE_AHEAD = 6,      /* refreshed ahead of expiry, nothing was rejected */
	EESE_UPDATE_ASKED = 7,      /* asked for by the UE */
};

/* Clause 3.3: why a UE sends KEY_REQUEST. */
enum eese_request_reason {
	EESE_REQUEST_NO_KEYSET = 0,
	EESE_REQUEST_STALE_KSN = 1,
	EESE_REQUEST_REFRESH = 2,
	EESE_REQUEST_DOWNLINK = 3, /* downlink under an unknown keyset */
	EESE_REQUEST_ERROR_6 = 4,
	EESE_REQUEST_ALG = 5, /* alg not supported: the EESE then uses 10 */
};

/* Clause 3.5. */
enum eese_error_reason {
	EESE_ERROR_UE_UNKNOWN = 1,
	EESE_ERROR_UNREACHABLE = 2, /* key server not reachable */
	EESE_ERROR_NOT_APPLICABLE = 3,
	EESE_ERROR_NO_KEY = 4,      /* run AKA */
	EESE_ERROR_KEY_UNKNOWN = 6, /* key unknown or tag wrong; names the message */
	EESE_ERROR_EXPIRED = 7,     /* key has expired, RAND follows */
};

/* Clause 2: COSE algorithm numbers. */
enum eese_alg {
	EESE_ALG_AES_128_GCM = 1,
	EESE_ALG_AES_CCM_16_64_128 = 10, /* default; every UE has it */
	EESE_ALG_CHACHA20_POLY1305 = 24,
	EESE_ALG_AES_CCM_16_128_128 = 30,
};

/* Directions as the AAD and the MAC carry them. */
enum eese_direction { EESE_UPLINK = 0, EESE_DOWNLINK = 1 };

/* What one COSE algorithm needs and allows; clause 2's table. */
struct eese_alg_info {
	uint8_t row; /* of the table, from 0 */
	uint8_t alg;
	uint8_t key_size, nonce_size, tag_size; /* octets */
	uint32_t message_limit;                 /* q: messages a key, counted in units */
	uint32_t failed_limit;                  /* v: failed tags a key */
	uint32_t unit;                          /* octets of plaintext that count as one message */
};

/* The row of alg, or NULL if it is none of the four. Static. */
const struct eese_alg_info *eese_alg_info(uint8_t alg);

/* How many units a plaintext of len octets counts under alg (clause 2): at least 1. */
uint32_t eese_alg_units(const struct eese_alg_info *info, size_t len);

#endif
