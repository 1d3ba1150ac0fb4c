# SPDX-License-Identifier: Apache-2.0
# PSA Crypto's headers from the host's mbedTLS, without the host's other headers beside them.
find_path(MBEDTLS_INCLUDE_DIR psa/crypto.h REQUIRED PATHS /usr/include)
set(psa_headers ${PROJECT_BINARY_DIR}/psa_headers)
file(MAKE_DIRECTORY ${psa_headers})
foreach(directory psa mbedtls)
	file(CREATE_LINK ${MBEDTLS_INCLUDE_DIR}/${directory} ${psa_headers}/${directory} SYMBOLIC)
endforeach()
add_library(mbedcrypto INTERFACE)
target_include_directories(mbedcrypto SYSTEM INTERFACE ${psa_headers})
