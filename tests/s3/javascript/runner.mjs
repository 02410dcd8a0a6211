// Runs named tests one after the other; prints one line for each, and ends with 1 if any failed.
export const settings = {
    endpoint: process.env.HF_TEST_ENDPOINT, region: process.env.AWS_DEFAULT_REGION,
    accessKey: process.env.AWS_ACCESS_KEY_ID, secretKey: process.env.AWS_SECRET_ACCESS_KEY,
};

export async function run(tests) {
    for (const [name, test] of Object.entries(tests)) {
        try {
            await test();
            console.log(`ok ${name}`);
        } catch (error) {
            console.log(`failed ${name}: ${error.stack ?? error}`);
            process.exitCode = 1;
        }
    }
}
