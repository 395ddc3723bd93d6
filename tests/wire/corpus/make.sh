#!/bin/sh
# Makes the files of this directory from the written format, with openssl, xxd and printf: no code of vpnprobe has a part
# in it. New keys at every run, so the files and expected.tsv belong together.
#
#   sh tests/wire/corpus/make.sh
set -eu
cd "$(dirname "$0")"
rm -f -- *.sgn *.tlv *.der *.pem *.tsv
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

hex() { xxd -p | tr -d '\n'; }
text() { printf '%s\000' "$1" | hex; }
item() { printf '%02x%04x%s' "$1" $((${#2} / 2)) "$2"; } # tag, value as hex
container() { item "$1" "$2"; }
file_hex() { hex <"$1"; }

# name, bits, serial (hex, as the certificate has it), common name
certificate() {
    openssl genrsa -out "$work/$1.key" "$2" 2>/dev/null
    openssl req -x509 -new -key "$work/$1.key" -subj "/O=Example/OU=Lab/CN=$4" -set_serial "0x$3" -days 9000 -sha256 \
        -out "$work/$1.pem"
    openssl x509 -in "$work/$1.pem" -outform DER -out "$1.der"
}

# serial as hex, common name
signer() {
    container 3 "$(item 4 "$(text "CN=$2;OU=Lab;O=Example")")$(item 5 "$1")$(item 6 "$(text "CN=$2;OU=Lab;O=Example")")"
}

# hash number, modulus number
algorithms() {
    container 7 "$(item 8 "$(printf %02x "$1")")$(container 9 "$(item 10 00)$(item 11 "$(printf %02x "$2")")")"
}

# out, key, hash, bytes of the signature, version, items before it, items after it, payload: the last four as hex
seal() {
    before=$6
    after=$7
    length=$((10 + ${#before} / 2 + 3 + $4 + ${#after} / 2))
    while [ $((length % 4)) -ne 0 ]; do
        after="${after}0d"
        length=$((length + 1))
    done
    start="$(item 1 "$5")$(item 2 "$(printf %04x $length)")"
    printf '%s' "$start$before$after$8" | xxd -r -p >"$work/content"
    openssl dgst "-$3" -sign "$work/$2.key" -out "$work/signature" "$work/content"
    printf '%s' "$start$before$(item 12 "$(file_hex "$work/signature")")$after$8" | xxd -r -p >"$1"
    line="$1\t$length\t$((10 + ${#before} / 2))\t$4\t$3\t$2\t$(openssl dgst -sha256 "$1" | sed 's/.*= //')"
}

# name of the certificate, role number, common name, serial as hex, more items as hex
record() {
    openssl x509 -in "$work/$1.pem" -noout -pubkey >"$work/public.pem"
    key=$(openssl rsa -pubin -in "$work/public.pem" -RSAPublicKey_out -outform DER 2>/dev/null | hex)
    body="$(item 3 "$(text "CN=$3;OU=Lab;O=Example")")$(item 4 "$(printf %04x "$2")")"
    body="$body$(item 5 "$(text "CN=$3;OU=Lab;O=Example")")$(item 6 "$4")$(item 7 "$key")"
    body="$body$(item 9 "$(file_hex "$1.der")")$5"
    printf '%s' "$(item 1 "$(printf %04x $((5 + ${#body} / 2)))")$body"
}

cat >"$work/config.xml" <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<device  xsi:type="axl:XIPPhone"><fullConfig>true</fullConfig><deviceProtocol>SIP</deviceProtocol></device>
XML
payload=$(file_hex "$work/config.xml")
stamp=$(item 15 5f3c2a10)

printf 'file\theader_length\tsignature_offset\tsignature_length\thash\tsigner\tsha256\n' >expected.tsv
modulus=0
for bits in 512 1024 2048 4096; do
    certificate "tftp-$bits" $bits "6b8f01c2$modulus$modulus" "cucm-$bits.lab.example"
    number=1
    for hash in sha1 sha256 sha512; do
        # A key of 512 bits cannot hold a SHA-512 (RFC 8017 section 9.2).
        if [ "$bits-$hash" != 512-sha512 ]; then
            name="signed-$bits-$hash.cnf.xml.sgn"
            seal "$name" "tftp-$bits" $hash $((bits / 8)) 0100 \
                "$(signer "6b8f01c2$modulus$modulus" "cucm-$bits.lab.example")$(algorithms $number $modulus)" \
                "$(item 14 "$(text "$name")")$stamp" "$payload"
            printf '%b\n' "$line" >>expected.tsv
        fi
        number=$((number + 1))
    done
    modulus=$((modulus + 1))
done

# The certificate's own serial number has the high bit set: its DER has a zero before it, which records may keep.
certificate recovery 2048 d40f3e1a7755 ITLRECOVERY_cucm1
certificate capf 1024 77a9 CAPF-18cf046e
certificate tvs 2048 5001 cucm1.lab.example
records="$(record recovery 0 ITLRECOVERY_cucm1 00d40f3e1a7755 "")"
records="$records$(record tftp-2048 2 cucm-2048.lab.example 6b8f01c222 "$(item 2 "$(text cucm1.lab.example)")$(item 10 0a010105)")"
records="$records$(record capf 4 CAPF-18cf046e 77a9 "")"
records="$records$(record tvs 21 cucm1.lab.example 5001 "$(item 2 "$(text cucm1.lab.example)")$(item 2 "$(text cucm1)")$(item 10 20010db8000000000000000000000005)")"
# One that names its certificate only by a hash, with an item that no source describes.
short="$(item 4 0015)$(item 6 5002)$(item 11 "$(openssl dgst -sha1 -binary tvs.der | hex)")$(item 12 01)$(item 99 abcd)"
records="$records$(item 1 "$(printf %04x $((5 + ${#short} / 2)))")$short"
seal ITLFile.tlv recovery sha1 256 0102 "$(item 28 0100)$(signer d40f3e1a7755 ITLRECOVERY_cucm1)$(algorithms 1 2)" \
    "$(item 14 "$(text ITLFile.tlv)")$stamp" "$records"
printf '%b\n' "$line" >>expected.tsv
seal ITLFile.tlv.sha512 recovery sha512 256 0102 "$(item 28 0101)$(signer d40f3e1a7755 ITLRECOVERY_cucm1)$(algorithms 3 2)" \
    "$(item 14 "$(text ITLFile.tlv.sha512)")$stamp" "$records"
printf '%b\n' "$line" >>expected.tsv
certificate token 1024 61 SAST-ADN0054f509
seal CTLFile.tlv token sha1 128 0102 "$(item 28 0100)$(signer 61 SAST-ADN0054f509)$(algorithms 1 1)" \
    "$(item 14 "$(text CTLFile.tlv)")$stamp" "$(record token 0 SAST-ADN0054f509 61 "")$(record tftp-1024 2 cucm-1024.lab.example 6b8f01c211 "")"
printf '%b\n' "$line" >>expected.tsv

# Encrypted: AES-128-CBC, the text filled up with carriage returns, the key wrapped for the phone's certificate.
for bits in 1024 2048; do
    certificate "phone-$bits" $bits "c0ffee$bits" CP-7962G-SEP8CB64F576113
    cp "$work/phone-$bits.key" "phone-$bits.pem"
    hash=sha1 number=1
    if [ $bits = 2048 ]; then hash=sha512 number=3; fi
    size=$(wc -c <"$work/config.xml")
    fill=$((16 - size % 16))
    { cat "$work/config.xml" && printf "%${fill}s" '' | tr ' ' '\r'; } >"$work/filled"
    key=$(openssl rand -hex 16) iv=$(openssl rand -hex 16)
    openssl enc -aes-128-cbc -nopad -K "$key" -iv "$iv" -in "$work/filled" -out "$work/cipher"
    printf '%s' "$key" | xxd -r -p | openssl pkeyutl -encrypt -certin -inkey "$work/phone-$bits.pem" \
        -pkeyopt rsa_padding_mode:pkcs1 -out "$work/wrapped"
    how="$(container 17 "$(item 18 00)$(item 19 "$iv")$(item 20 "$(printf %04x $fill)")")"
    how="$how$(container 21 "$(item 22 00)$(item 23 "$(printf %04x $bits)")$(item 24 01)$(item 25 "$(file_hex "$work/wrapped")")")"
    how="$how$(item 26 "$(printf %02x $number)")$(item 27 "$(openssl dgst -$hash -binary "$work/config.xml" | hex)")"
    name="encrypted-$bits-$hash.cnf.xml.enc.sgn"
    seal "$name" tftp-2048 $hash 256 0200 "$(signer 6b8f01c222 cucm-2048.lab.example)$(algorithms $number 2)" \
        "$(item 14 "$(text "$name")")$stamp$(container 16 "$how")" "$(file_hex "$work/cipher")"
    printf '%b\n' "$line" >>expected.tsv
done
