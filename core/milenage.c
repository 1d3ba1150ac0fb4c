/* SPDX-License-Identifier: Apache-2.0 */
/* MILENAGE, TS 35.206 clause 4.1. */
#include "eese/milenage.h"

#include "core/psa_key.h"
#include "eese/keys.h"

#include <string.h>

enum { BLOCK = 16 };

/* AES-128 over count blocks, each on its own. On failure out is all zero. */
static enum eese_result encrypt(const uint8_t k[EESE_K_SIZE], const uint8_t *in, size_t count,
				uint8_t *out)
{
	psa_key_id_t id;
	psa_status_t status;
	size_t len = 0;

	status = eese_psa_key(PSA_KEY_TYPE_AES, PSA_ALG_ECB_NO_PADDING, PSA_KEY_USAGE_ENCRYPT, k,
			      EESE_K_SIZE, &id);
	if (status == PSA_SUCCESS)
		status = psa_cipher_encrypt(id, PSA_ALG_ECB_NO_PADDING, in, count * BLOCK, out,
					    count * BLOCK, &len);
	(void)psa_destroy_key(id);
	if (status == PSA_SUCCESS && len == count * BLOCK)
		return EESE_OK;
	eese_wipe(out, count * BLOCK);
	return EESE_CRYPTO;
}

static void xor_block(uint8_t to[BLOCK], const uint8_t with[BLOCK])
{
	for (size_t i = 0; i < BLOCK; i++)
		to[i] ^= with[i];
}

/* out = rot(in xor opc, r), the cyclic rotation towards the most significant bit; r in octets. */
static void xor_rotate(uint8_t out[BLOCK], const uint8_t in[BLOCK], const uint8_t opc[BLOCK],
		       size_t r)
{
	for (size_t i = 0; i < BLOCK; i++)
		out[i] = in[(i + r) % BLOCK] ^ opc[(i + r) % BLOCK];
}

enum eese_result eese_milenage_opc(const uint8_t k[EESE_K_SIZE], const uint8_t op[EESE_OP_SIZE],
				   uint8_t opc[EESE_OP_SIZE])
{
	uint8_t block[BLOCK];
	enum eese_result r;

	r = encrypt(k, op, 1, block);
	if (r == EESE_OK)
		xor_block(block, op);
	memcpy(opc, block, BLOCK);
	eese_wipe(block, sizeof(block));
	return r;
}

/* TEMP = E_K(RAND xor OPc). */
static enum eese_result make_temp(const uint8_t k[BLOCK], const uint8_t opc[BLOCK],
				  const uint8_t rand[BLOCK], uint8_t temp[BLOCK])
{
	uint8_t block[BLOCK];
	enum eese_result r;

	xor_rotate(block, rand, opc, 0);
	r = encrypt(k, block, 1, temp);
	eese_wipe(block, sizeof(block));
	return r;
}

/* OUT1 = E_K(TEMP xor rot(IN1 xor OPc, r1) xor c1) xor OPc, IN1 = SQN || AMF || SQN || AMF,
 * r1 = 64, c1 = 0. */
static enum eese_result make_out1(const uint8_t k[BLOCK], const uint8_t opc[BLOCK],
				  const uint8_t in1[BLOCK], const uint8_t temp[BLOCK],
				  uint8_t out1[BLOCK])
{
	uint8_t block[BLOCK];
	enum eese_result r;

	xor_rotate(block, in1, opc, 8);
	xor_block(block, temp);
	r = encrypt(k, block, 1, out1);
	if (r == EESE_OK)
		xor_block(out1, opc);
	eese_wipe(block, sizeof(block));
	return r;
}

enum eese_result eese_milenage_f1(const uint8_t k[EESE_K_SIZE], const uint8_t opc[EESE_OP_SIZE],
				  const uint8_t rand[EESE_AKA_RAND_SIZE],
				  const uint8_t sqn[EESE_SQN_SIZE],
				  const uint8_t amf[EESE_AMF_SIZE],
				  uint8_t mac_a[EESE_AKA_MAC_SIZE],
				  uint8_t mac_s[EESE_AKA_MAC_SIZE])
{
	uint8_t temp[BLOCK], in1[BLOCK], out1[BLOCK] = {0};
	enum eese_result r;

	memcpy(in1, sqn, EESE_SQN_SIZE);
	memcpy(in1 + EESE_SQN_SIZE, amf, EESE_AMF_SIZE);
	memcpy(in1 + BLOCK / 2, in1, BLOCK / 2);
	r = make_temp(k, opc, rand, temp);
	if (r == EESE_OK)
		r = make_out1(k, opc, in1, temp, out1);
	if (mac_a)
		memcpy(mac_a, out1, EESE_AKA_MAC_SIZE);
	if (mac_s)
		memcpy(mac_s, out1 + EESE_AKA_MAC_SIZE, EESE_AKA_MAC_SIZE);
	eese_wipe(temp, sizeof(temp));
	eese_wipe(out1, sizeof(out1));
	return r;
}

/* OUTn = E_K(rot(TEMP xor OPc, rn) xor cn) xor OPc for n = 2..5, in this order in outs;
 * rn = 0, 32, 64, 96 bits, cn = 1, 2, 4, 8. */
static enum eese_result make_outs(const uint8_t k[BLOCK], const uint8_t opc[BLOCK],
				  const uint8_t temp[BLOCK], uint8_t outs[4][BLOCK])
{
	uint8_t blocks[4][BLOCK];
	enum eese_result r;

	for (size_t i = 0; i < 4; i++) {
		xor_rotate(blocks[i], temp, opc, 4 * i);
		blocks[i][BLOCK - 1] ^= (uint8_t)(1U << i);
	}
	r = encrypt(k, blocks[0], 4, outs[0]);
	for (size_t i = 0; r == EESE_OK && i < 4; i++)
		xor_block(outs[i], opc);
	eese_wipe(blocks, sizeof(blocks));
	return r;
}

enum eese_result eese_milenage_f2345(const uint8_t k[EESE_K_SIZE], const uint8_t opc[EESE_OP_SIZE],
				     const uint8_t rand[EESE_AKA_RAND_SIZE],
				     struct eese_milenage_out *out)
{
	uint8_t temp[BLOCK], outs[4][BLOCK];
	enum eese_result r;

	memset(out, 0, sizeof(*out));
	r = make_temp(k, opc, rand, temp);
	if (r == EESE_OK)
		r = make_outs(k, opc, temp, outs);
	if (r == EESE_OK) {
		memcpy(out->res, outs[0] + 8, EESE_RES_SIZE);
		memcpy(out->ck, outs[1], BLOCK);
		memcpy(out->ik, outs[2], BLOCK);
		memcpy(out->ak, outs[0], EESE_AK_SIZE);
		memcpy(out->ak_star, outs[3], EESE_AK_SIZE);
	}
	eese_wipe(temp, sizeof(temp));
	eese_wipe(outs, sizeof(outs));
	return r;
}
