/* SPDX-License-Identifier: Apache-2.0 */
/* The one error type of the libraries: classes a caller can act on. */
#ifndef EESE_RESULT_H
#define EESE_RESULT_H

#if defined(__GNUC__)
#define EESE_MUST_CHECK __attribute__((warn_unused_result))
#else
#define EESE_MUST_CHECK
#endif

enum eese_result {
	EESE_OK = 0,
	EESE_MALFORMED,     /* wrong kind, length or encoding: drop, count, never answer */
	EESE_NOT_AUTHENTIC, /* tag or MAC did not hold */
	EESE_REPLAY,        /* authentic, but its number was seen or is below the window */
	EESE_EXPIRED,       /* the keyset or key is no longer valid */
	EESE_NO_KEY,        /* no key or keyset in hand */
	EESE_FULL,          /* a bound is reached: try again later */
	EESE_INVALID,       /* an argument is outside its documented range */
	EESE_CRYPTO,        /* PSA Crypto refused: out of memory, or not initialised */
	EESE_STORAGE        /* non-volatile memory could not be read or written */
};

/* A short English phrase for a result, never NULL, static. */
const char *eese_result_text(enum eese_result r);

#endif
