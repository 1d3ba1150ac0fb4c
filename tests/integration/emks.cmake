# SPDX-License-Identifier: Apache-2.0
# The operator's side: a real eese-emksd, asked by libcurl and libcoap.
pkg_check_modules(LIBCURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(COAP REQUIRED IMPORTED_TARGET libcoap-3-gnutls)

pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)

add_library(eese-test-emks STATIC emks.c emks_client.c openapi.c raw_coap.c raw_tls.c)
target_link_libraries(eese-test-emks PUBLIC eese-test-harness eese-host eese-ue
	PUBLIC PkgConfig::LIBCURL PkgConfig::COAP PkgConfig::CJSON PRIVATE PkgConfig::YAML)
target_compile_definitions(eese-test-emks PUBLIC
	EESE_TEST_EMKSD="$<TARGET_FILE:eese-emksd>"
	EESE_TEST_HSS="$<TARGET_FILE:eese-hss>"
	EESE_TEST_ROOT="${PROJECT_SOURCE_DIR}")

foreach(theme aka chain eese flood hss http recheck start)
	add_executable(t_emks_${theme} t_emks_${theme}.c)
	target_link_libraries(t_emks_${theme} PRIVATE eese-test-emks)
	add_dependencies(t_emks_${theme} eese-emksd eese-hss mosquitto_eese eese-ue-tool)
	add_test(NAME integration-emks-${theme} COMMAND t_emks_${theme})
	set_tests_properties(integration-emks-${theme} PROPERTIES TIMEOUT 300 LABELS integration)
endforeach()
